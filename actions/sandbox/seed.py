"""Fill an empty club from its `sandbox.toml`: members, courts, and bookings over the coming days."""

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from actions.sandbox.tables import Account, Booking, ClubDatabase, Court


@dataclass(frozen=True)
class Rules:
    opens: str
    closes: str
    cancellation_deadline_hours: int
    max_open_bookings: int
    timezone: str
    max_days_ahead: int

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def read_club(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def read_rules(path: Path) -> Rules:
    return Rules(**read_club(path)["rules"])


def seed(database: ClubDatabase, now: datetime, path: Path) -> None:
    """Once: a club that already has members keeps what happened to it."""
    club, zone = read_club(path), read_rules(path).zone
    with database.transaction() as session:
        if session.scalar(select(func.count()).select_from(Account)):
            return
        for member in club["members"]:
            status = member.get("status", "active")
            session.add(
                Account(**{**member, "status": "active" if status == "unpaid" else status}, unpaid=status == "unpaid")
            )
        session.add_all(Court(**court) for court in club.get("courts", []))
        for number, booking in enumerate(club.get("bookings", []), start=20401):
            start = next_occurrence(booking["weekday"], booking["start"], now.astimezone(zone))
            end = start + timedelta(minutes=booking["minutes"])
            session.add(Booking(id=number, username=booking["username"], court=booking["court"], start=start, end=end))


def next_occurrence(weekday: int, clock: str, now: datetime) -> datetime:
    """The next such weekday after today, at that time of the club's clock."""
    hour, minute = map(int, clock.split(":"))
    day = now + timedelta(days=(weekday - now.weekday() - 1) % 7 + 1)
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0)
