"""Which precision and how many threads: tried once on this machine, then remembered."""

import json
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock

from ai.model.cache import Rows
from ai.model.loading import CACHE, best_dtype, load
from ai.model.runner import runner_for

READ, PASSES, PASS_TOKENS = 96, 12, 12  # tokens of the prompt; passes like those of decoding, and their tokens
WORTH = 0.9  # another thread must save a tenth of the time, or it is left to others
MOST_THREADS = 16
NOTE = CACHE / "probe.json"


@dataclass(frozen=True)
class Choice:
    dtype: torch.dtype
    threads: int


def best_choice(base: str, threads: int = 0, note: Path = NOTE) -> Choice:
    """What drafts fastest. `threads` states their number; 0 has it tried, with a processor left to the pages where
    there are more than two.
    """
    if torch.cuda.is_available():
        return Choice(best_dtype(), threads or 1)
    key = f"{base or 'default'} {threads} {machine()}"
    note.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{note}.lock"):
        known = json.loads(note.read_text(encoding="utf-8")) if note.is_file() else {}
        if key not in known:
            chosen = tried(base, threads)
            known[key] = {"dtype": str(chosen.dtype).removeprefix("torch."), "threads": chosen.threads}
            note.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
        return Choice(getattr(torch, known[key]["dtype"]), known[key]["threads"])


def machine() -> str:
    return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()} {processors()} torch {torch.__version__}"


def processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def tried(base: str, threads: int) -> Choice:
    best: tuple[float, Choice] | None = None
    for dtype in dict.fromkeys((best_dtype(), torch.float32)):
        runner = runner_for(load(base, dtype=dtype).model)
        for count in [threads] if threads else counts():
            torch.set_num_threads(count)
            took = seconds_of(runner)
            if best is None or took < WORTH * best[0]:
                best = took, Choice(dtype, count)
    assert best is not None
    return best[1]


def counts() -> list[int]:
    """1, 2, 4 … up to what may be taken."""
    most = min(MOST_THREADS, processors() - 1 if processors() > 2 else processors())
    return sorted({1, *(2**i for i in range(1, 5) if 2**i <= most), most})


def seconds_of(runner: Any) -> float:
    """Of reading a short prompt and a dozen passes after it, the better of two times."""
    return min(once(runner) for _ in range(2))


def once(runner: Any) -> float:
    rows: Rows = runner.empty()
    started = time.monotonic()
    for length in [READ, *[PASS_TOKENS] * PASSES]:
        places = torch.arange(rows.used, rows.used + length)[None]
        view = rows.view(torch.ones(1, length, length, dtype=torch.bool).tril())
        hidden = runner.forward(torch.full((1, length), 5), places, view, rows)
        rows.note(places, torch.ones(1, length, dtype=torch.bool))
        runner.logits(hidden[0])
    return time.monotonic() - started
