"""What the pages ask of the rest of the house within a request. `app.py` passes the real parts, tests pass fakes."""

from typing import Protocol

from db.plans import Asked, Plan


class NoAnswer(Exception):
    """The part that was asked cannot answer now; the message says why."""


class PreCheck(Protocol):
    def plan(self, asked: Asked) -> Plan:
        """Hold a proposal against the club, read-only. Raise NoAnswer."""
