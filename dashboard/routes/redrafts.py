"""A redraft: the model is asked again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import TheCaller, TheTicket, Writing
from dashboard.forms import read_form, seen_of
from db import decisions

router = APIRouter()


@router.post("/tickets/{ticket_id}/redraft")
def create(
    request: Request,
    ticket: TheTicket,
    session: Writing,
    caller: TheCaller,
    form: Annotated[FormData, Depends(read_form)],
) -> Response:
    model = str(form.get("model", ""))
    decisions.redraft(session, ticket, by=caller.name, seen=seen_of(form), model=model)
    return respond.go(request, f"/tickets/{ticket.id}")
