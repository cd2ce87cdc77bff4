"""A booking at another time, or on another court."""

from datetime import datetime, timedelta

from pydantic import AwareDatetime

from actions.kind import ActionKind, Club, Json, Parameters, Params, Request
from actions.kinds.sights import is_slot
from actions.planning import Planner
from actions.stated import CannotPlan, spoken
from db.plans import Fact


class Slot(Parameters):
    booking_id: int
    court: str
    start: AwareDatetime
    end: AwareDatetime


def plan(p: Planner) -> Json:
    p.account()
    booking, details = p.booking(), p.asked.details
    old, old_end = (datetime.fromisoformat(booking[k]).astimezone(p.desk.timezone) for k in ("start", "end"))
    if not any(details.get(key) for key in ("new_date", "new_time", "new_court", "duration_minutes")):
        raise CannotPlan("the mail does not say where to move it", "new_slot")
    day, clock = p.stated.day("new_date") or old.date(), p.stated.clock("new_time") or old.time()
    start = datetime.combine(day, clock, tzinfo=p.desk.timezone)
    minutes = p.stated.minutes()
    length = timedelta(minutes=minutes) if minutes else old_end - old
    court = p.court(details.get("new_court") or str(booking["court"]))
    p.facts += [
        Fact("To", spoken(start), "mail"),
        Fact("On", court["name"], "mail" if details.get("new_court") else "looked_up"),
    ]
    taken = {row["court"] for row in p.club.bookings(start=start, end=start + length) if row["id"] != booking["id"]}
    p.check_free(court, taken)
    return {
        "booking_id": booking["id"],
        "court": court["id"],
        "start": start.isoformat(),
        "end": (start + length).isoformat(),
    }


def request(p: Params) -> Request:
    return "PATCH", f"/bookings/{int(p['booking_id'])}", {key: p[key] for key in ("court", "start", "end") if key in p}


def look(club: Club, p: Params) -> tuple[bool | None, str]:
    start = datetime.fromisoformat(str(p["start"]))
    moved = any(is_slot(row, p) for row in club.bookings(start=start) if row["id"] == p["booking_id"])
    return moved, f"Booking {p['booking_id']} {'has' if moved else 'has not'} that slot at the club."


KIND = ActionKind(
    "move_booking", "Move booking", "Move the booking of {username}", Slot, frozenset({"booking.start", "booking.court"}), plan, request, look,
    danger="routine", undone_by="move_booking",
    asks=("username", "booking_ref", "court", "date", "time", "new_date", "new_time", "new_court", "duration_minutes"),
)  # fmt: skip
