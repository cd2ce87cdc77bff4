"""An invitation: a one-time link with which somebody chooses a password. Public."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from dashboard import respond
from dashboard.deps import Reading, TheHouse, Writing
from db import people

router = APIRouter()


@router.get("/invitation/{token}")
def show(request: Request, house: TheHouse, session: Reading, token: str) -> Response:
    person = people.invited(session, token)
    return respond.page(request, house, "invitations/show.html", token=token, email=person.email)


@router.post("/invitation/{token}")
def accept(session: Writing, token: str, password: Annotated[str, Form()] = "") -> Response:
    people.accept(session, token, password)
    return RedirectResponse("/session", 303)
