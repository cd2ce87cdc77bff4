"""Notes for colleagues; a colleague whose name stands behind an @ is told."""

from fastapi import APIRouter
from fastapi.responses import Response

from dashboard import respond
from dashboard.deps import TheDeed
from db import notes

router = APIRouter()


@router.post("/tickets/{ticket_id}/notes")
def create(deed: TheDeed) -> Response:
    notes.add(deed.session, deed.ticket, deed.says("text"), by=deed.caller.name)
    return respond.see(deed.request, deed.address)
