"""A reopening: a settled or stuck ticket is looked at again."""

from fastapi import APIRouter
from fastapi.responses import Response

from dashboard import respond
from dashboard.deps import TheDeed
from db import decisions

router = APIRouter()


@router.post("/tickets/{ticket_id}/reopening")
def create(deed: TheDeed) -> Response:
    decisions.reopen(deed.session, deed.ticket, by=deed.caller.name, seen=deed.seen)
    return respond.go(deed.request, deed.address)
