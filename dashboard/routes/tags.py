"""Tags: words that staff put on a ticket, stated all at once."""

from fastapi import APIRouter
from fastapi.responses import Response

from dashboard import respond
from dashboard.deps import TheDeed
from db import attributes

router = APIRouter()


@router.post("/tickets/{ticket_id}/tags")
def create(deed: TheDeed) -> Response:
    stated = ",".join(map(str, deed.form.getlist("tag")))
    attributes.tag(deed.session, deed.ticket, stated.split(","), by=deed.caller.name)
    return respond.see(deed.request, deed.address)
