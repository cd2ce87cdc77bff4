"""What the whole process does, beyond any one part: how it is told to stop, and how its threads share it."""

import gc
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any


def before_stopping(*acts: Callable[[], None]) -> None:
    """The server waits for open streams before it stops anything, so they must hear of it first; nor is anything begun."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def both(got: int, frame: FrameType | None, before: Any = before) -> None:
            for act in acts:
                act()
            if callable(before):
                before(got, frame)

        signal.signal(number, both)


def share_the_interpreter() -> None:
    """One lock, many threads: who waits for a server gets it back after a millisecond; what lives on is not swept again."""
    sys.setswitchinterval(0.001)
    gc.collect()
    gc.freeze()
    gc.set_threshold(5000, 20, 20)
