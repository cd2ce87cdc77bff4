"""Mails that could not be read: each kept as it came, with the reason, to be tried again."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from dashboard import respond
from dashboard.deps import Reading, TheCaller, TheHouse, Writing
from db import mails

router = APIRouter()


@router.get("/unreadable")
def index(request: Request, house: TheHouse, session: Reading) -> Response:
    return respond.page(request, house, "unreadable/index.html", mails=mails.unreadable(session))


@router.post("/mails/{mail_id}/reading")
def create(request: Request, session: Writing, caller: TheCaller, mail_id: int) -> Response:
    """Let the mail be read again; the stage finds it."""
    mails.read_again(session, mail_id)
    return respond.go(request, "/unreadable")
