"""What left the desk, newest first, as it was sent."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from dashboard import respond
from dashboard.deps import Reading, TheHouse
from db import tickets

router = APIRouter()


@router.get("/sent")
def index(request: Request, house: TheHouse, session: Reading) -> Response:
    return respond.page(request, house, "sent/index.html", mails=tickets.sent_mails(session))
