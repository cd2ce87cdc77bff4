"""A snooze: out of the queue until a moment."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import Response

from dashboard import respond
from dashboard.deps import TheDeed
from dashboard.refusals import Refusal
from db import attributes
from db.models import now

router = APIRouter()
BEGIN = 8  # o'clock: when a day begins


@router.post("/tickets/{ticket_id}/snooze")
def create(deed: TheDeed) -> Response:
    """`until`: hour, evening, tomorrow, monday, week, or a local date and time; empty wakes the ticket."""
    zone = ZoneInfo(deed.caller.zone) if deed.caller.zone else deed.house.desk.timezone
    attributes.snooze(deed.session, deed.ticket, moment(deed.says("until"), zone), by=deed.caller.name)
    return respond.go(deed.request, deed.address)


def moment(stated: str, zone: ZoneInfo) -> datetime | None:
    """Raise Refusal."""
    here = now().astimezone(zone)
    morning = here.replace(hour=BEGIN, minute=0, second=0, microsecond=0)
    named = {
        "": None,
        "hour": here + timedelta(hours=1),
        "evening": morning.replace(hour=17),
        "tomorrow": morning + timedelta(days=1),
        "monday": morning + timedelta(days=7 - here.weekday()),
        "week": morning + timedelta(days=7),
    }
    if stated in named:
        return named[stated]
    try:
        return datetime.fromisoformat(stated).replace(tzinfo=zone)
    except ValueError as error:
        raise Refusal("Choose until when, as a date and a time.") from error
