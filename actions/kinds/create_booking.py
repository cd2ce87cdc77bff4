"""A court for a while."""

from datetime import datetime, timedelta

from pydantic import AwareDatetime, Field

from actions.kind import ActionKind, Club, Json, Parameters, Params, Request
from actions.kinds.sights import is_slot
from actions.planning import USUAL_MINUTES, Planner
from actions.stated import CannotPlan, spoken
from db.plans import Fact


class Slot(Parameters):
    username: str = Field(min_length=1)
    court: str = Field(min_length=1)
    start: AwareDatetime
    end: AwareDatetime


def plan(p: Planner) -> Json:
    p.account()
    start = p.stated.moment("date", "time")
    if start is None:
        raise CannotPlan("the mail does not say day and time", "slot")
    minutes = p.stated.minutes() or USUAL_MINUTES
    end = start + timedelta(minutes=minutes)
    p.facts.append(Fact("When", spoken(start), "mail"))
    p.facts.append(
        Fact("How long", f"{minutes} minutes", "mail" if "duration_minutes" in p.asked.details else "assumed")
    )
    taken = {row["court"] for row in p.club.bookings(start=start, end=end)}
    wished = p.asked.details.get("court", "")
    court = p.court(wished) if wished else p.free_court(taken)
    p.facts.append(
        Fact("Court", court["name"], "mail" if wished else "assumed", "" if wished else "the first that is free")
    )
    p.check_free(court, taken)
    return {"username": p.username, "court": court["id"], "start": start.isoformat(), "end": end.isoformat()}


def request(p: Params) -> Request:
    return "POST", "/bookings", dict(p)


def look(club: Club, p: Params) -> tuple[bool | None, str]:
    start = datetime.fromisoformat(str(p["start"]))
    there = [row for row in club.bookings(username=str(p["username"]), start=start) if is_slot(row, p)]
    return bool(there), f"The club {'has' if there else 'does not have'} that booking."


KIND = ActionKind(
    "create_booking", "Create booking", "Book a court for {username}", Slot, frozenset({"booking.start", "booking.court"}), plan, request, look,
    danger="routine", undone_by="cancel_booking", asks=("username", "court", "date", "time", "duration_minutes"),
)  # fmt: skip
