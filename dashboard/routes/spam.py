"""What the mail server takes for spam: dismissed all at once, or let into the queue one by one."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from dashboard import respond
from dashboard.deps import TheCaller, TheTicket, Writing
from db import decisions, queue, trail

router = APIRouter()


@router.post("/spam/dismissal")
def dismiss_all(request: Request, session: Writing, caller: TheCaller) -> Response:
    for ticket in queue.listed(session, queue.Query("spam", most=1000)):
        decisions.dismiss(session, ticket, by=caller.name, seen=ticket.version, reason="spam")
    return respond.go(request, "/tickets?view=open")


@router.post("/tickets/{ticket_id}/welcome")
def welcome(request: Request, ticket: TheTicket, session: Writing, caller: TheCaller) -> Response:
    """It is no spam: it is drafted like any other."""
    ticket.spam = ""
    trail.write(session, ticket, "no spam", actor=caller.name)
    return respond.go(request, f"/tickets/{ticket.id}?view=open")
