"""The audit trail: who did what to which ticket, with filters. It is read here and changed nowhere."""

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from dashboard import respond
from dashboard.deps import Reading, TheCaller, TheHouse, needs_lead
from dashboard.refusals import Refusal
from db import trail

router = APIRouter(prefix="/trail", dependencies=[needs_lead])
PAGE = 100


@router.get("")
def index(
    request: Request,
    house: TheHouse,
    session: Reading,
    caller: TheCaller,
    actor: Annotated[str, Query(max_length=200)] = "",
    what: Annotated[str, Query(max_length=40)] = "",
    ticket: str = "",
    since: str = "",
    until: str = "",
    before: int | None = None,
) -> Response:
    """`before`: the number of the last event of the page before."""
    zone = house.desk.timezone
    first, last = (day_of(one, zone) for one in (since, until))
    found = trail.found(
        session, actor=actor, what=what, ticket_id=int(ticket) if ticket.isdigit() else None, since=first,
        until=last + timedelta(days=1) if last else None, before=before, most=PAGE,
    )  # fmt: skip
    stated = {"actor": actor, "what": what, "ticket": ticket, "since": since, "until": until}
    return respond.page(
        request, house, "trail/index.html", events=found, stated=stated, whats=trail.WHATS,
        next=found[-1].id if len(found) == PAGE else None,
    )  # fmt: skip


def day_of(stated: str, zone: object) -> datetime | None:
    """Raise Refusal."""
    if not stated:
        return None
    try:
        day = date.fromisoformat(stated)
    except ValueError as error:
        raise Refusal(f"{stated!r} is not a day. Write it as 2026-05-31.") from error
    return datetime(day.year, day.month, day.day, tzinfo=zone)  # type: ignore[arg-type]
