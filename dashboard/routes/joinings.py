"""Two tickets that are one, and one that is two."""

from fastapi import APIRouter
from fastapi.responses import Response

from dashboard import respond
from dashboard.deps import TheDeed
from dashboard.forms import whole_number
from db import joining, tickets

router = APIRouter()


@router.post("/tickets/{ticket_id}/merger")
def merge(deed: TheDeed) -> Response:
    """`into`: the number of the ticket that takes the mails over."""
    into = tickets.get(deed.session, whole_number(deed.says("into").lstrip("#")))
    joining.merge(deed.session, deed.ticket, into, by=deed.caller.name, seen=deed.seen)
    return respond.go(deed.request, f"/tickets/{into.id}")


@router.post("/tickets/{ticket_id}/split")
def split(deed: TheDeed) -> Response:
    """`mail`: the number of the mail that becomes a ticket of its own."""
    own = joining.split(deed.session, deed.ticket, whole_number(deed.says("mail")), by=deed.caller.name, seen=deed.seen)
    return respond.go(deed.request, f"/tickets/{own.id}")
