"""A wait: the ticket rests until the next mail, for whom is said."""

from fastapi import APIRouter
from fastapi.responses import Response

from dashboard import respond
from dashboard.deps import TheDeed
from db import attributes

router = APIRouter()


@router.post("/tickets/{ticket_id}/wait")
def create(deed: TheDeed) -> Response:
    attributes.wait(deed.session, deed.ticket, deed.says("for"), by=deed.caller.name)
    return respond.see(deed.request, deed.address)
