"""How often somebody may guess: after some failures one must wait. In this process's memory; a restart forgets."""

import threading
import time
from collections import OrderedDict

FAILURES = 5
WINDOW = 15 * 60  # seconds
MOST_KNOWN = 10_000


class TooManyTries(Exception):
    """Wait; `seconds` says how long."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many tries. Wait {max(1, round(seconds / 60))} minutes, then try again.")
        self.seconds = seconds


class Throttle:
    """Counts failures under a name: an address, a person, a network address."""

    def __init__(self, failures: int = FAILURES, window: float = WINDOW) -> None:
        self.failures, self.window = failures, window
        self.known: OrderedDict[str, list[float]] = OrderedDict()
        self.lock = threading.Lock()

    def check(self, *names: str) -> None:
        """Raise TooManyTries where one of the names has failed too often of late."""
        with self.lock:
            for name in names:
                recent = self.recent(name)
                if len(recent) >= self.failures:
                    raise TooManyTries(int(recent[0] + self.window - time.monotonic()) + 1)

    def failed(self, *names: str) -> None:
        with self.lock:
            for name in names:
                self.known[name] = [*self.recent(name), time.monotonic()]
                self.known.move_to_end(name)
            while len(self.known) > MOST_KNOWN:
                self.known.popitem(last=False)

    def succeeded(self, *names: str) -> None:
        with self.lock:
            for name in names:
                self.known.pop(name, None)

    def recent(self, name: str) -> list[float]:
        return [at for at in self.known.get(name, []) if at > time.monotonic() - self.window]
