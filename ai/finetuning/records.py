"""run.json: how a training came about, for people and for the next step."""

import argparse
import json
import resource
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from transformers.trainer_utils import get_last_checkpoint

from ai.model.loading import DEFAULT_MODEL

SECONDS = "seconds.txt"
ROOT = Path(__file__).resolve().parents[2]
MAY_CHANGE = (
    "resume",
    "progress",
    "threads",
    "out",
    "work",
    "log_every",
    "keep",
    "steps",
    "epochs",
    "patience",
    "evaluate_every",
)  # between a stop and --resume


def portable(value: Any) -> Any:
    """JSON of an argument; paths inside the project lose the part that only this machine has."""
    if isinstance(value, list):
        return [portable(one) for one in value]
    if isinstance(value, Path):
        return str(value.relative_to(Path.cwd())) if value.is_relative_to(Path.cwd()) else str(value)
    return value


def write_record(
    out: Path,
    args: argparse.Namespace,
    *,
    seconds: float,
    steps: int,
    rows: dict[str, int],
    scores: dict[str, Any],
    **more: Any,
) -> None:
    """`run.json` in the folder of a result. `seconds`: of this run and of those that it went on from."""
    finished = datetime.now(UTC)
    run = {
        "name": f"{args.desk if args.task == 'reply' else 'intent'}-{finished:%Y%m%d-%H%M}",
        "arguments": {key: portable(value) for key, value in sorted(vars(args).items())},
        "base": args.base or DEFAULT_MODEL,
        "rows": rows,
        "commit": commit(),
        "finished": finished.isoformat(timespec="seconds"),
        "steps": steps,
        "seconds": round(seconds),
        "peak_memory_mib": peak_memory(),
        "scores": scores,
        **more,
    }
    (out / "run.json").write_text(json.dumps(run, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def seconds_before(checkpoint: str | None) -> float:
    """What the run had taken up to the checkpoint that it goes on from."""
    note = Path(checkpoint or "") / SECONDS
    return float(note.read_text(encoding="utf-8")) if checkpoint and note.is_file() else 0.0


def peak_memory() -> int:
    """Of the GPU where there is one, else of this process."""
    if torch.cuda.is_available():
        return round(torch.cuda.max_memory_allocated() / 2**20)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10)


def commit() -> str:
    """Of this repository; "" where git or its history is missing."""
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return found.stdout.strip()


def checkpoint_of(work: Path, args: argparse.Namespace, data: str) -> str | None:
    """The checkpoint that --resume goes on from, None for a fresh start, which clears those of an earlier run.

    SystemExit where there is none, or where it belongs to a run with other data or other arguments.
    """
    note = work / "started.json"
    asked = {key: portable(value) for key, value in sorted(vars(args).items()) if key not in MAY_CHANGE}
    asked = json.loads(json.dumps({**asked, "data_hash": data}))
    if not args.resume:
        for old in work.glob("checkpoint-*"):
            shutil.rmtree(old)
        work.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps(asked, indent=2) + "\n", encoding="utf-8")
        return None
    checkpoint = get_last_checkpoint(str(work)) if work.is_dir() else None
    if checkpoint is None:
        raise SystemExit(f"--resume: there is no checkpoint in {work}. Start without --resume.")
    before = json.loads(note.read_text(encoding="utf-8")) if note.is_file() else asked
    changed = sorted(key for key in {*asked, *before} if asked.get(key) != before.get(key))
    if changed:
        raise SystemExit(
            f"--resume: the run in {work} had another {', '.join(changed)}. Repeat its command, or start anew."
        )
    return str(checkpoint)
