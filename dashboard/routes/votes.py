"""A vote: what a customer thought of an answer. Public; opening the page counts nothing."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from dashboard import respond
from dashboard.deps import Reading, TheHouse, Writing
from dashboard.refusals import Refusal
from db import votes

router = APIRouter()


@router.get("/vote/{token}")
def show(request: Request, house: TheHouse, session: Reading, token: str) -> Response:
    votes.of(session, token)
    return respond.page(request, house, "votes/show.html", token=token, thanks=False)


@router.post("/vote/{token}")
def create(
    request: Request,
    house: TheHouse,
    session: Writing,
    token: str,
    vote: Annotated[str, Form()] = "",
    words: Annotated[str, Form()] = "",
) -> Response:
    if vote not in ("good", "bad"):
        raise Refusal("Choose one of the two.")
    votes.cast(session, token, is_good=vote == "good", words=words)
    return respond.page(request, house, "votes/show.html", token=token, thanks=True)
