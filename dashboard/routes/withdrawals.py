"""A withdrawal: an approval taken back before it began."""

from fastapi import APIRouter
from fastapi.responses import Response

from dashboard import respond
from dashboard.deps import TheDeed
from db import decisions

router = APIRouter()


@router.post("/tickets/{ticket_id}/withdrawal")
def create(deed: TheDeed) -> Response:
    decisions.withdraw(deed.session, deed.ticket, by=deed.caller.name, seen=deed.seen)
    return respond.go(deed.request, deed.address)
