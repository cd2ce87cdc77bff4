"""Expected problems become answers: a sentence on the page for people, problem details for programs."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from sqlalchemy.exc import DataError, NoResultFound, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from starlette.exceptions import HTTPException as StarletteHTTPException

from dashboard import problems
from dashboard.deps import SecondFactorNeeded, SignInNeeded, get_house
from dashboard.frame import setting
from dashboard.oidc import NoIdentity
from dashboard.refusals import Refusal
from db.attributes import UnusableAttribute
from db.autopilot import CannotOpen
from db.canned import UnusableCanned
from db.chat_terms import NotProven
from db.chats import NoChat, UnusableMessage
from db.confirmations import CannotConfirm
from db.customers import CannotMerge
from db.decisions import NothingStuck, TooLate
from db.erasure import CannotForget
from db.joining import CannotJoin
from db.knowledge import UnusablePage
from db.lessons import UnusableLesson
from db.letters import UnusableLetter
from db.lifecycle import ForbiddenMove
from db.mailboxes import NoSuchMailbox
from db.mails import NoSuchMail
from db.notes import EmptyNote
from db.people import UnusablePerson, WrongPassword
from db.plans import NoAnswer
from db.promotions import MayNotServe
from db.reach import OutOfReach
from db.retention import UnusableRetention
from db.retrainings import CannotRetrain, NoSuchRetraining
from db.rules import UnusableRule
from db.search import WrongFilter
from db.second_factor import WrongCode
from db.targets import UnusableTarget
from db.tickets import NoSuchTicket, StaleTicket
from db.triage import Busy
from db.trials import CannotTry
from db.vault import LostKey
from db.versions import NoSuchVersion
from db.votes import NoSuchVote
from db.webhooks import UnusableWebhook
from db.wording import UnusableWording

log = logging.getLogger(__name__)


STATUSES: dict[type[Exception], int] = {
    NoSuchTicket: 404,
    NoSuchMail: 404,
    NoSuchMailbox: 404,
    StaleTicket: 409,
    TooLate: 409,
    NothingStuck: 409,
    CannotConfirm: 422,
    CannotMerge: 422,
    CannotJoin: 422,
    UnusableRule: 422,
    UnusableRetention: 422,
    UnusableTarget: 422,
    UnusableWording: 422,
    NoSuchVote: 404,
    ForbiddenMove: 409,
    Refusal: 422,
    NoSuchVersion: 422,
    UnusablePerson: 422,
    UnusableAttribute: 422,
    EmptyNote: 422,
    UnusableLetter: 422,
    UnusableCanned: 422,
    WrongFilter: 422,
    WrongPassword: 422,
    WrongCode: 422,
    LostKey: 422,
    UnusableLesson: 422,
    CannotRetrain: 409,
    NoSuchRetraining: 404,
    CannotTry: 409,
    NoChat: 404,
    UnusableMessage: 422,
    UnusablePage: 422,
    CannotOpen: 422,
    NotProven: 422,
    MayNotServe: 422,
    CannotForget: 409,
    UnusableWebhook: 422,
    OutOfReach: 422,
    NoIdentity: 503,
    NoAnswer: 503,
}


def handle_problems(app: FastAPI) -> None:
    for kind, status in STATUSES.items():
        app.add_exception_handler(kind, lambda request, error, status=status: told(request, status, str(error)))
    app.add_exception_handler(StarletteHTTPException, http_problem)
    app.add_exception_handler(RequestValidationError, unreadable_request)
    app.add_exception_handler(SignInNeeded, sign_in_needed)
    app.add_exception_handler(SecondFactorNeeded, second_factor_needed)
    app.add_exception_handler(Busy, too_many_tries)
    app.add_exception_handler(NoResultFound, nothing_there)
    app.add_exception_handler(OperationalError, no_database)
    app.add_exception_handler(NoConnectionLeft, too_busy)
    app.add_exception_handler(DataError, cannot_be_stored)
    app.add_exception_handler(OverflowError, cannot_be_stored)


def second_factor_needed(request: Request, problem: Exception) -> Response:
    if is_for_programs(request):
        return told(request, 403, str(problem))
    if request.headers.get("hx-request"):
        return Response(status_code=204, headers={"HX-Redirect": "/me/second-factor"})
    return RedirectResponse("/me/second-factor", 303)


def is_for_programs(request: Request) -> bool:
    return request.url.path.startswith("/api/") or request.url.path == "/generate"


def told(request: Request, status: int, words: str, headers: dict[str, str] | None = None) -> Response:
    """RFC 9457 for programs, a notice for htmx, a page for everyone else."""
    by_htmx = request.headers.get("hx-request")
    by_program = is_for_programs(request) or "text/html" not in request.headers.get("accept", "")
    if by_program and not by_htmx:
        return JSONResponse(problems.as_json(status, words), status, headers, media_type=problems.MEDIA_TYPE)
    house = get_house(request)
    setting(request, house)  # the language
    if by_htmx:
        retarget = {"HX-Retarget": "#problem", "HX-Reswap": "innerHTML"}
        return house.templates.TemplateResponse(
            request, "shared/_problem.html", {"words": words, "status": status}, status, retarget
        )
    return house.templates.TemplateResponse(
        request, "shared/problem.html", {"words": words, "status": status}, status, headers
    )


def http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    words = error.detail if error.detail != "Not Found" else "There is nothing at this address."
    return told(request, error.status_code, words, dict(error.headers or {}))


def unreadable_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:])
    return told(request, 422, f"{field}: {first['msg']}.")


def too_busy(request: Request, error: Exception) -> Response:
    """Every connection to the database is taken: better a word now than a page that hangs."""
    words = "Too many people ask at once. Nothing was changed; try again in a moment."
    if request.headers.get("hx-request") or request.url.path.startswith("/api/"):
        return told(request, 503, words, {"Retry-After": "5"})
    return PlainTextResponse(words, 503, {"Retry-After": "5"})


def too_many_tries(request: Request, error: Exception) -> Response:
    assert isinstance(error, Busy)
    return told(request, 429, str(error), {"Retry-After": str(error.seconds)})


def nothing_there(request: Request, error: Exception) -> Response:
    return told(request, 404, "There is nothing at this address.")


def cannot_be_stored(request: Request, error: Exception) -> Response:
    """A number beyond what the database counts to, or a NUL in a text for PostgreSQL."""
    log.info("the database does not take it: %s", type(error).__name__)
    return told(request, 422, "It holds a number or a character that cannot be stored. Nothing was changed.")


def no_database(request: Request, error: Exception) -> Response:
    """The disk is full, another program holds the file, or the server is gone: the transaction left nothing behind."""
    assert isinstance(error, OperationalError)
    reason = str(error.orig).splitlines()[0]
    log.error("the database refuses: %s", reason)
    words = f"Nothing was changed: the database says “{reason}”. Look at its disk and its server, then try again."
    if request.headers.get("hx-request") or request.url.path.startswith("/api/"):
        return told(request, 503, words)
    return PlainTextResponse(words, 503)  # a page would want the database


def sign_in_needed(request: Request, error: Exception) -> Response:
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": "/session"})
    if is_for_programs(request):
        return told(request, 401, "Sign in, or send an API key.", {"WWW-Authenticate": "Bearer"})
    return RedirectResponse("/session", 303)
