"""A redraft: the model is asked again."""

from fastapi import APIRouter
from fastapi.responses import Response

from dashboard import respond
from dashboard.deps import TheDeed
from db import decisions, edits

router = APIRouter()


@router.post("/tickets/{ticket_id}/redraft")
def create(deed: TheDeed) -> Response:
    decisions.redraft(deed.session, deed.ticket, by=deed.caller.name, seen=deed.seen, model=deed.says("model"))
    edits.drop(deed.session, deed.ticket, deed.caller.person_id)
    return respond.go(deed.request, deed.address)
