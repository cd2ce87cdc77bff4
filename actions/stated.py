"""What a proposal states about a slot, read into moments and numbers. Staff may have typed anything into a field."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from typing import TypeVar

T = TypeVar("T")
LONGEST_MINUTES = 24 * 60


class CannotPlan(Exception):
    """The action cannot be carried out as it stands; the message is the reason that the page shows.

    `missing`: what the mail leaves out, as the desk's `asks` calls it; "" where something else stands in the way.
    """

    def __init__(self, reason: str, missing: str = "") -> None:
        super().__init__(reason)
        self.missing = missing


@dataclass(frozen=True)
class Stated:
    """Every reading raises CannotPlan where a field holds something else, and gives None where it is empty."""

    details: Mapping[str, str]
    timezone: tzinfo

    def moment(self, day: str, clock: str) -> datetime | None:
        then = self.day(day), self.clock(clock)
        return None if then[0] is None or then[1] is None else datetime.combine(*then, tzinfo=self.timezone)  # type: ignore[arg-type]

    def day(self, key: str) -> date | None:
        return self.read(key, date.fromisoformat, "a day such as 2026-05-19")

    def clock(self, key: str) -> time | None:
        return self.read(key, time.fromisoformat, "a time such as 18:30")

    def minutes(self) -> int | None:
        found = self.read("duration_minutes", int, "a number of minutes")
        if found is not None and not 0 < found <= LONGEST_MINUTES:
            raise CannotPlan(f"{found} is not a number of minutes between 1 and {LONGEST_MINUTES}")
        return found

    def read(self, key: str, as_value: Callable[[str], T], wanted: str) -> T | None:
        words = self.details.get(key, "")
        try:
            return as_value(words) if words else None
        except ValueError as error:
            raise CannotPlan(f"{words} is not {wanted}") from error


def court_key(words: str) -> str:
    """ "Court 3", "3" and "Platz 3" are one court; so are "Halle 1" and "Indoor 1"."""
    key = re.sub(r"\b(court|platz|no\.?|nr\.?)\b", "", words.casefold())
    return re.sub(r"\s+", "", key.replace("halle", "indoor"))


def spoken(moment: datetime) -> str:
    return f"{moment:%A} {moment.day} {moment:%B}, {moment:%H:%M}"
