"""A priority: how urgent a ticket is."""

from fastapi import APIRouter
from fastapi.responses import Response

from dashboard import respond
from dashboard.deps import TheDeed
from dashboard.forms import whole_number
from db import attributes

router = APIRouter()


@router.post("/tickets/{ticket_id}/priority")
def create(deed: TheDeed) -> Response:
    attributes.prioritise(deed.session, deed.ticket, whole_number(deed.says("priority")), by=deed.caller.name)
    return respond.see(deed.request, deed.address)
