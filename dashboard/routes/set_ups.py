"""The set-up: a one-time link makes the first admin. Public, and shut as soon as there is one."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from dashboard import respond
from dashboard.deps import Reading, TheHouse, Writing
from dashboard.routes.sessions import let_in
from db import people
from db.people import UnusablePerson

router = APIRouter()


@router.get("/set-up/{token}")
def new(request: Request, house: TheHouse, session: Reading, token: str) -> Response:
    if not people.may_set_up(session, token):
        raise UnusablePerson("This link has been used or replaced. A restart prints a new one while there is no admin.")
    return respond.page(request, house, "set_ups/new.html", token=token)


@router.post("/set-up/{token}")
def create(
    house: TheHouse,
    session: Writing,
    token: str,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
) -> Response:
    """Whoever made themselves the admin is signed in, and led on."""
    return let_in(house, session, people.set_up(session, token, email, password), "/first-steps")
