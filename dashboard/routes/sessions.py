"""Sessions: signing in and out. Public."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from dashboard import respond
from dashboard.deps import COOKIE, TheHouse, Writing
from db import people
from db.people import WrongPassword

router = APIRouter()


@router.get("/session")
def new(request: Request, house: TheHouse) -> Response:
    return respond.page(request, house, "sessions/new.html", problem="", email="")


@router.post("/session")
def create(
    request: Request,
    house: TheHouse,
    session: Writing,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
) -> Response:
    try:
        token = people.sign_in(session, email, password)
    except WrongPassword as problem:
        answer = respond.page(request, house, "sessions/new.html", problem=str(problem), email=email)
        answer.status_code = 422
        return answer
    answer = RedirectResponse("/tickets", 303)
    answer.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=house.secure_cookies, max_age=7 * 86400)
    return answer


@router.post("/session/end")
def end(request: Request, session: Writing) -> Response:
    people.sign_out(session, request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/session", 303)
    answer.delete_cookie(COOKIE)
    return answer
