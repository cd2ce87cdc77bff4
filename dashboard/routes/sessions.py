"""Sessions: signing in and out. Public."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from dashboard import respond
from dashboard.deps import COOKIE, TheHouse, Writing
from db import people
from db.people import WrongPassword

router = APIRouter()


@router.get("/session")
def new(request: Request, house: TheHouse, next: str = "") -> Response:
    return respond.page(request, house, "sessions/new.html", problem="", email="", next=own_address(next))


@router.post("/session")
def create(
    request: Request,
    house: TheHouse,
    session: Writing,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "",
) -> Response:
    try:
        token = people.sign_in(session, email, password)
    except WrongPassword as problem:
        answer = respond.page(
            request, house, "sessions/new.html", problem=str(problem), email=email, next=own_address(next)
        )
        answer.status_code = 422
        return answer
    answer = RedirectResponse(own_address(next) or "/tickets", 303)
    answer.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=house.secure_cookies, max_age=7 * 86400)
    return answer


def own_address(stated: str) -> str:
    """Where somebody was before; "" for anything that is not a place of this desk."""
    parts = urlsplit(stated)
    is_ours = (
        stated.startswith("/") and not stated.startswith(("//", "/\\")) and not parts.netloc and "\\" not in stated
    )
    return stated if is_ours and parts.path != "/session" else ""


@router.post("/session/end")
def end(request: Request, session: Writing) -> Response:
    people.sign_out(session, request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/session", 303)
    answer.delete_cookie(COOKIE)
    return answer
