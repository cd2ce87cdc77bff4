"""An assignment: whose ticket it is, or which team's."""

from fastapi import APIRouter
from fastapi.responses import Response

from dashboard import respond
from dashboard.deps import TheDeed
from db import attributes, people

router = APIRouter()


@router.post("/tickets/{ticket_id}/assignment")
def create(deed: TheDeed) -> Response:
    """`person`, empty for nobody; or `team`, which takes the ticket over."""
    if "team" in deed.form:
        attributes.hand_to(deed.session, deed.ticket, deed.says("team"), by=deed.caller.name)
        return respond.see(deed.request, deed.address)
    person = people.named(deed.session, deed.says("person")) if deed.says("person") else None
    attributes.assign(deed.session, deed.ticket, person, by=deed.caller.name)
    return respond.see(deed.request, deed.address)
