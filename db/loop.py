"""Stages repeat: each in a thread of its own, until told to stop."""

import contextvars
import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

log = logging.getLogger(__name__)
REST = 0.5  # seconds between two looks when there was nothing to do
LONGEST_REST = 60.0


class TryLater(Exception):
    """The other side of a stage does not work now; the message says why, and waiting may help."""


@dataclass
class Loop:
    """Repeats one stage in a thread until told to stop; waits longer after each problem, never twice the same time.

    `routine`: what a stage raises when somebody else was first.
    """

    name: str
    stage: Callable[[], bool]
    wait: Callable[[], object] | None = None
    routine: tuple[type[Exception], ...] = ()
    stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        threading.Thread(target=self.run, name=self.name, daemon=True).start()

    def run(self) -> None:
        rest = REST
        while not self.stopping.is_set():
            try:
                if contextvars.copy_context().run(self.stage):  # what its logs are about ends with each step
                    rest = REST
                    continue
                if self.wait is not None:
                    self.wait()
                    continue
                self.stopping.wait(REST)
            except self.routine as news:
                log.info("%s: %s", self.name, news)
            except TryLater as problem:
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
