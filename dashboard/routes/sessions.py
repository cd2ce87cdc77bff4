"""Sessions: signing in, with a second factor where somebody has one, and out. Public."""

import time
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from dashboard import respond
from dashboard.deps import COOKIE, House, Reading, TheHouse, Writing
from dashboard.refusals import Refusal
from db import people, second_factor
from db.models import Person
from db.people import WrongPassword
from db.second_factor import WrongCode
from db.vault import LostKey

router = APIRouter()
HALF_WAY = 300  # seconds between password and code


@router.get("/session")
def new(request: Request, house: TheHouse, next: str = "") -> Response:
    return respond.page(request, house, "sessions/new.html", problem="", email="", next=own_address(next))


@router.post("/session")
def create(
    request: Request,
    house: TheHouse,
    session: Reading,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "",
) -> Response:
    name = f"address {email.strip().lower()}"
    house.throttle.check(name)
    try:
        person = people.check_password(session, email, password)
    except WrongPassword as problem:
        house.throttle.failed(name)
        answer = respond.page(
            request, house, "sessions/new.html", problem=str(problem), email=email, next=own_address(next)
        )
        answer.status_code = 422
        return answer
    if person.totp:
        return ask_for_code(request, house, person, own_address(next))
    house.throttle.succeeded(name)
    with house.open_session() as writing:  # only now: to check a password takes long
        return let_in(house, writing, person, next)


@router.post("/session/code")
def prove(
    request: Request,
    house: TheHouse,
    session: Writing,
    half: Annotated[str, Form()] = "",
    code: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "",
) -> Response:
    """The second step: `half` proves the first."""
    person = half_way(house, session, half)
    name = f"code of {person.id}"
    house.throttle.check(name)
    try:
        assert house.vault is not None
        second_factor.check(person, code, house.vault)
    except WrongCode as problem:
        house.throttle.failed(name)
        answer = ask_for_code(request, house, person, own_address(next), str(problem))
        answer.status_code = 422
        return answer
    house.throttle.succeeded(name)
    return let_in(house, session, person, next)


def ask_for_code(request: Request, house: House, person: Person, next: str, problem: str = "") -> Response:
    if house.vault is None:
        raise Refusal("The second factor cannot be checked here.")
    half = house.vault.shut({"person": person.id, "at": time.time()})
    return respond.page(request, house, "sessions/code.html", half=half, next=next, problem=problem)


def half_way(house: House, session: Session, half: str) -> Person:
    """Raise Refusal."""
    try:
        stated = house.vault.open(half) if house.vault else {}
    except LostKey:
        stated = {}
    person = session.get(Person, stated.get("person", 0))
    if person is None or not person.is_active or not person.totp or stated.get("at", 0) < time.time() - HALF_WAY:
        raise Refusal("Sign in again: too much time has passed since the password.")
    return person


def let_in(house: House, session: Session, person: Person, next: str) -> Response:
    token = people.open_browser(session, person)
    answer = RedirectResponse(own_address(next) or "/tickets", 303)
    answer.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=house.secure_cookies, max_age=7 * 86400)
    return answer


def own_address(stated: str) -> str:
    """Where somebody was before; "" for anything that is not a place of this desk."""
    parts = urlsplit(stated)
    is_ours = stated.startswith("/") and not stated.startswith("//") and not parts.netloc and "\\" not in stated
    return stated if is_ours and not parts.path.startswith("/session") else ""


@router.post("/session/end")
def end(request: Request, session: Writing) -> Response:
    people.sign_out(session, request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/session", 303)
    answer.delete_cookie(COOKIE)
    return answer
