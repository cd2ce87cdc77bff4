"""How often somebody may guess: after some failures one must wait. In this process's memory; a restart forgets."""

import threading
import time
from collections import OrderedDict
from math import ceil

from db.triage import Busy

FAILURES = 5
WINDOW = 15 * 60  # seconds
MOST_KNOWN = 10_000


class Throttle:
    """Counts failures under a name: an address, a person, a network address."""

    def __init__(self, failures: int = FAILURES, window: float = WINDOW) -> None:
        self.failures, self.window = failures, window
        self.known: OrderedDict[str, list[float]] = OrderedDict()
        self.lock = threading.Lock()

    def check(self, *names: str) -> None:
        """Raise Busy where one of the names has failed too often of late."""
        with self.lock:
            for name in names:
                recent = self.recent(name)
                if len(recent) >= self.failures:
                    wait = int(recent[0] + self.window - time.monotonic()) + 1
                    raise Busy(f"Too many tries. Wait {max(1, round(wait / 60))} minutes, then try again.", wait)

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


class Limits:
    """How often somebody may ask in a minute, in this process: a bucket that fills by and by (token bucket)."""

    def __init__(self) -> None:
        self.known: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self.lock = threading.Lock()

    def take(self, name: str, per_minute: int) -> None:
        """Raise Busy where the bucket is empty."""
        with self.lock:
            now = time.monotonic()
            left, at = self.known.get(name, (float(per_minute), now))
            left = min(float(per_minute), left + (now - at) * per_minute / 60)
            if left < 1:
                wait = ceil((1 - left) * 60 / max(1, per_minute))
                raise Busy(f"{name} may ask {per_minute} times a minute. Ask again in {wait} s.", wait)
            self.known[name] = (left - 1, now)
            self.known.move_to_end(name)
            while len(self.known) > MOST_KNOWN:
                self.known.popitem(last=False)
