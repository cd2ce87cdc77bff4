"""Until when an answer is due: a target in working hours for each category, counted on the desk's own calendar."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db import desk_settings, notices
from db.lifecycle import Status
from db.models import Ticket, now
from db.session import OpenSession

NAME = "targets"
LONGEST = 1000.0  # hours
FARTHEST = 800  # days that are looked ahead


class UnusableTarget(Exception):
    """Hours that end before they begin, a target that is no number; the message says what it may be."""


@dataclass(frozen=True)
class Targets:
    """`hours`: from and to of each weekday that is worked. `goals`: hours for each category, "" for all others."""

    hours: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    goals: Mapping[str, float] = field(default_factory=dict)
    holidays: frozenset[str] = frozenset()

    def goal(self, category: str) -> float | None:
        return self.goals.get(category, self.goals.get(""))

    def span(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
        """From when until when that day is worked; None where it is not."""
        worked = self.hours.get(desk_settings.DAYS[day.weekday()])
        if worked is None or day.isoformat() in self.holidays:
            return None
        begin, end = (datetime.combine(day, time.fromisoformat(one), zone) for one in worked)
        return begin, end

    def due(self, received: datetime, category: str, zone: ZoneInfo) -> datetime | None:
        """The moment at which the target's hours have been worked since then; None without a target."""
        goal = self.goal(category)
        if goal is None or not self.hours:
            return None
        left, day = timedelta(hours=goal), received.astimezone(zone).date()
        for ahead in range(FARTHEST):
            span = self.span(day + timedelta(days=ahead), zone)
            if span is None:
                continue
            begin, end = max(span[0], received.astimezone(zone)), span[1]
            if end - begin >= left:
                return begin + left
            left -= max(end - begin, timedelta(0))
        return None


def read(stated: Mapping[str, str]) -> Targets:
    """From a form: `mon` as 08:00-18:00 or empty, `goal.CATEGORY` in hours, `holidays` as days. Raise UnusableTarget."""
    hours = {day: span_of(stated.get(day, "")) for day in desk_settings.DAYS if stated.get(day, "").strip()}
    goals = {
        name.removeprefix("goal."): number_of(value)
        for name, value in stated.items()
        if name.startswith("goal.") and value.strip()
    }
    holidays = frozenset(day_of(one) for one in stated.get("holidays", "").replace(",", " ").split())
    return Targets(hours, goals, holidays)


def span_of(stated: str) -> tuple[str, str]:
    try:
        begin, end = (time.fromisoformat(one.strip()) for one in stated.split("-"))
    except ValueError as error:
        raise UnusableTarget(f"{stated!r} is no span of hours. Write it as 08:00-18:00.") from error
    if begin >= end:
        raise UnusableTarget(f"{stated!r} ends before it begins.")
    return begin.isoformat("minutes"), end.isoformat("minutes")


def number_of(stated: str) -> float:
    try:
        hours = float(stated.replace(",", "."))
    except ValueError as error:
        raise UnusableTarget(f"{stated!r} is no number of hours.") from error
    if not 0 < hours <= LONGEST:
        raise UnusableTarget(f"A target is more than 0 and at most {LONGEST:g} hours.")
    return hours


def day_of(stated: str) -> str:
    try:
        return date.fromisoformat(stated).isoformat()
    except ValueError as error:
        raise UnusableTarget(f"{stated!r} is no day. Write it as 2026-12-25.") from error


def load(session: Session) -> Targets:
    value = desk_settings.stored(session, NAME)
    if not value:
        return Targets()
    hours = {day: (span[0], span[1]) for day, span in value["hours"].items()}
    return Targets(hours, value["goals"], frozenset(value["holidays"]))


def set_due(session: Session, ticket: Ticket) -> None:
    """Until when this ticket is due, by the desk's targets; asked once in a transaction."""
    known = session.info.get(NAME)
    if known is None:
        zone = desk_settings.stored(session, NAME).get("zone", "UTC")
        known = session.info[NAME] = (load(session), ZoneInfo(zone))
    targets, zone = known
    ticket.due_at = targets.due(ticket.received_at, ticket.category, zone)


def tell_overdue(open_session: OpenSession) -> bool:
    """Tell of answers that have become overdue, once each. Returns False: there is time until the next look."""
    with open_session() as session:
        late = select(Ticket).where(
            Ticket.status.in_((Status.RECEIVED, Status.IN_REVIEW)),
            Ticket.due_at < now(),
            Ticket.spam == "",
            ~Ticket.told_late,
        )
        for ticket in session.scalars(late.limit(50)).all():
            mine = update(Ticket).where(Ticket.id == ticket.id, ~Ticket.told_late).values(told_late=True)
            if session.scalar(mine.returning(Ticket.id).execution_options(synchronize_session=False)) is None:
                continue  # another process was first
            notices.tell_those_concerned(
                session, ticket, "due", f"“{ticket.subject}” should have been answered by now."
            )
    return False


def save(session: Session, targets: Targets, zone: ZoneInfo) -> None:
    """Keep them, and count anew for what is still open."""
    value = {
        "hours": {day: list(span) for day, span in targets.hours.items()},
        "goals": dict(targets.goals),
        "holidays": sorted(targets.holidays),
        "zone": zone.key,
    }
    desk_settings.store(session, NAME, value)
    for ticket in session.scalars(select(Ticket).where(Ticket.status.in_((Status.RECEIVED, Status.IN_REVIEW)))):
        ticket.due_at = targets.due(ticket.received_at, ticket.category, zone)
