"""Work of minutes beside a desk that serves: a child process of low priority, its words in a log."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from db.outbox import is_alive

ROOT = Path(__file__).resolve().parent.parent
GENTLE = 10  # added to the niceness
PATIENCE = 120.0  # seconds for a step of training and its checkpoint


def started(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """`command`: a script of ours with its arguments, or `-m` and a module. Its process group is its own: no key of the terminal reaches it."""
    with log.open("ab") as words:
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=words,
            stderr=words,
            preexec_fn=be_gentle,
            start_new_session=True,
        )


def be_gentle() -> None:
    os.nice(GENTLE)


def last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").replace("\r", "\n").split("\n") if log.is_file() else []
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "no reason given")


def end_left_behind(path: Path) -> None:
    """A step that outlived its house, after a crash: it is told to stop, and waited for. `path`: where its number stands."""
    if not path.is_file():
        return
    pid = int(path.read_text(encoding="ascii"))
    command = Path(f"/proc/{pid}/cmdline")
    deadline = time.monotonic() + PATIENCE
    told = False
    while is_alive(pid) and command.is_file() and b"finetuning" in command.read_bytes() and time.monotonic() < deadline:
        if not told:
            os.kill(pid, signal.SIGINT)
            told = True
        time.sleep(0.2)
