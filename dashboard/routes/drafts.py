"""A draft as a person has changed it, kept without a signature."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import TheCaller, TheHouse, TheTicket, Writing
from dashboard.forms import draft_of, read_form, seen_of
from db import decisions

router = APIRouter()


@router.post("/tickets/{ticket_id}/draft")
def update(
    request: Request,
    house: TheHouse,
    ticket: TheTicket,
    session: Writing,
    caller: TheCaller,
    form: Annotated[FormData, Depends(read_form)],
) -> Response:
    decisions.save_answer(session, ticket, draft_of(form, house.desk), by=caller.name, seen=seen_of(form))
    return respond.go(request, f"/tickets/{ticket.id}")
