"""A settlement: what a person found out about something whose outcome the program cannot know."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import House, TheCaller, TheHouse
from dashboard.forms import read_form, seen_of
from dashboard.refusals import Refusal
from db import decisions, tickets
from db.models import now
from db.plans import NoAnswer

router = APIRouter()


@router.post("/tickets/{ticket_id}/settlement")
def create(
    request: Request, ticket_id: int, house: TheHouse, caller: TheCaller, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`outcome`: look (a read-only question to the club), happened, or again."""
    outcome, seen = str(form.get("outcome", "")), seen_of(form)
    if outcome not in ("look", "happened", "again"):
        raise Refusal("Say whether to look again, that it happened, or to do it again.")
    words = looked(house, ticket_id) if outcome == "look" else ""
    with house.open_session() as session:
        ticket = tickets.get(session, ticket_id)
        if outcome == "happened":
            decisions.happened(session, ticket, by=caller.name, seen=seen)
        elif outcome == "again":
            decisions.do_again(session, ticket, by=caller.name, seen=seen)
        else:
            decisions.note_look(
                session, ticket, f"{now().astimezone(house.desk.timezone):%H:%M}: {words}", by=caller.name
            )
    return respond.go(request, f"/tickets/{ticket_id}")


def looked(house: House, ticket_id: int) -> str:
    """What can be seen of it. Raise NothingStuck, NoAnswer."""
    with house.open_session.reading() as session:
        row = decisions.stuck_row(tickets.get(session, ticket_id))
        kind, key, payload = row.kind, row.key, dict(row.payload)
    if kind == "reply":
        return f"A mail server cannot be asked. Look for {key} in its log, or ask {payload['to']}."
    if house.pre_check is None:
        raise NoAnswer("No club is connected: set ACTIONS_URL.")
    return house.pre_check.look(payload["name"], payload["params"])
