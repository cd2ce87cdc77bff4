"""A presence: a browser says that its ticket is open, and learns who else has it open."""

from fastapi import APIRouter
from fastapi.responses import Response

from dashboard import respond
from dashboard.deps import TheDeed
from db import presence, trail

router = APIRouter()


@router.post("/tickets/{ticket_id}/presence")
def create(deed: TheDeed) -> Response:
    if deed.caller.person_id is None:
        return Response(status_code=204)
    presence.here(deed.session, deed.ticket.id, deed.caller.person_id, is_typing=deed.says("typing") == "1")
    trail.see(deed.session, deed.ticket, deed.caller.name)
    others = presence.others(deed.session, deed.ticket.id, deed.caller.person_id)
    return respond.part(deed.request, deed.house, "presences/_here.html", ticket=deed.ticket, others=others)
