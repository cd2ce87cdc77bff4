"""Stages repeat: each in a thread of its own, until told to stop."""

import contextvars
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

log = logging.getLogger(__name__)
REST = 0.5  # seconds between two looks when there was nothing to do
LONGEST_REST = 60.0
GRACE = 20.0  # seconds that a step has to come to its end when the house closes


class TryLater(Exception):
    """The other side of a stage does not work now; the message says why, and waiting may help."""


class Closing(Exception):
    """The house closes: what was begun is left as it was found, for the next start."""


@dataclass
class Loop:
    """Repeats one stage in a thread until told to stop; waits longer after each problem, never twice the same time.

    `every`: seconds between two looks when there was nothing to do; `wait` waits in another way.
    `routine`: what a stage raises when somebody else was first. `close`: what remains to be done after the last step.
    """

    name: str
    stage: Callable[[], bool]
    every: float = REST
    wait: Callable[[], object] | None = None
    routine: tuple[type[Exception], ...] = ()
    close: Callable[[], object] | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        self.thread = threading.Thread(target=self.run, name=self.name, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Begin nothing more; the step under way goes on to its end."""
        self.stopping.set()

    def ended(self, seconds: float) -> bool:
        """Wait until the last step is done. False where it takes longer than that."""
        if self.thread is not None:
            self.thread.join(max(0.0, seconds))
        return self.thread is None or not self.thread.is_alive()

    def run(self) -> None:
        self.repeat()
        if self.close is not None:
            self.close()

    def repeat(self) -> None:
        rest = REST
        while not self.stopping.is_set():
            try:
                if contextvars.copy_context().run(self.stage):  # what its logs are about ends with each step
                    rest = REST
                    continue
                if self.wait is not None:
                    self.wait()
                    continue
                self.stopping.wait(self.every)
            except Closing:
                return
            except self.routine as news:
                log.info("%s: %s", self.name, news)
            except TryLater as problem:
                if self.stopping.is_set():  # it was hung up on, so that it ends
                    return
                rest = self.rest_after(rest, f"{problem}")
            except Exception:
                log.exception("%s: unexpected", self.name)
                rest = self.rest_after(rest, "see above")

    def rest_after(self, rest: float, words: str) -> float:
        """Wait, and say how long to wait next time; by chance between half and the whole, so that many do not return at once."""
        seconds = rest * (0.5 + random.random() / 2)
        log.warning("%s: %s Next try in %.0f s.", self.name, words, seconds)
        self.stopping.wait(seconds)
        return min(LONGEST_REST, rest * 2)


def end_all(loops: Sequence[Loop], seconds: float = GRACE) -> None:
    """Begin nothing more, and wait until what is under way is done; what takes longer is taken up at the next start."""
    for loop in loops:
        loop.stop()
    deadline = time.monotonic() + seconds
    late = [loop.name for loop in loops if not loop.ended(deadline - time.monotonic())]
    if late:
        log.warning("not done after %.0f s, left for the next start: %s", seconds, ", ".join(late))
