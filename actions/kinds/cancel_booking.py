"""A booking is given back."""

from datetime import datetime

from pydantic import AwareDatetime

from actions.kind import ActionKind, Club, Json, Parameters, Params, Request
from actions.planning import Planner


class Booking(Parameters):
    booking_id: int
    court: str
    start: AwareDatetime


def plan(p: Planner) -> Json:
    p.account()
    booking = p.booking()
    return {"booking_id": booking["id"], "court": booking["court"], "start": booking["start"]}


def request(p: Params) -> Request:
    return "DELETE", f"/bookings/{int(p['booking_id'])}", None


def look(club: Club, p: Params) -> tuple[bool | None, str]:
    start = datetime.fromisoformat(str(p["start"]))
    found = [row for row in club.bookings(start=start) if row["id"] == p["booking_id"]]
    return not found, f"Booking {p['booking_id']} {'still stands' if found else 'no longer stands'} at the club."


KIND = ActionKind(
    "cancel_booking", "Cancel booking", "Cancel the booking of {username}", Booking,
    frozenset({"booking.start", "booking.court", "fee"}), plan, request, look,
    asks=("username", "booking_ref", "court", "date", "time"),
)  # fmt: skip
