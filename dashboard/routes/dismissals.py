"""A dismissal: a ticket that needs no answer."""

from fastapi import APIRouter
from fastapi.responses import Response

from dashboard import respond
from dashboard.deps import TheDeed
from db import decisions, edits

router = APIRouter()


@router.post("/tickets/{ticket_id}/dismissal")
def create(deed: TheDeed) -> Response:
    decisions.dismiss(deed.session, deed.ticket, by=deed.caller.name, seen=deed.seen, reason=deed.says("reason"))
    edits.drop(deed.session, deed.ticket, deed.caller.person_id)
    return respond.go(deed.request, deed.address)
