"""The second factor of whoever is signed in: set up with an app, or given up."""

from typing import Annotated

import segno
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import House, TheCaller, TheHouse, Writing
from dashboard.forms import read_form
from dashboard.refusals import Refusal
from db import people, second_factor
from db.models import Person
from db.vault import LostKey

router = APIRouter(prefix="/me/second-factor")


@router.get("")
def new(request: Request, house: TheHouse, session: Writing, caller: TheCaller) -> Response:
    return ask(request, house, people.named(session, caller.name), second_factor.offer())


@router.post("")
def create(
    request: Request,
    house: TheHouse,
    session: Writing,
    caller: TheCaller,
    form: Annotated[FormData, Depends(read_form)],
) -> Response:
    """`offered`: the secret as it was shown, sealed; `code`: what the app makes of it."""
    try:
        secret = str(house.open_vault.open(str(form.get("offered", ""))))
    except LostKey as error:
        raise Refusal("Begin again: this picture is not from here.") from error
    second_factor.enrol(people.named(session, caller.name), secret, str(form.get("code", "")), house.open_vault)
    return respond.see(request, "/me")


@router.post("/end")
def end(
    request: Request, session: Writing, caller: TheCaller, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """Given up with the password only: an open browser is not enough."""
    second_factor.give_up(people.check_password(session, caller.name, str(form.get("password", ""))))
    return respond.see(request, "/me")


def ask(request: Request, house: House, person: Person, secret: str) -> Response:
    return respond.page(
        request, house, "second_factors/new.html", secret=secret, offered=house.open_vault.shut(secret),
        picture=segno.make(second_factor.address_of(secret, person), error="m").svg_data_uri(scale=5, light="#fff"),
    )  # fmt: skip
