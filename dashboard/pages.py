"""All routes joined: what is public, what needs a signed-in person, and where files are served from."""

import importlib.util
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request

from dashboard import errors, languages, respond, security
from dashboard.deps import TheHouse, check_is_a_person, check_may_write, get_caller
from dashboard.numbers import Clock, Numbers
from dashboard.problems import may_answer
from dashboard.routes import (
    actions,
    api,
    api_keys,
    approvals,
    assignments,
    autopilot,
    bulk,
    canned_replies,
    chat,
    chats,
    customers,
    desk_settings,
    dismissals,
    drafts,
    edits,
    files,
    first_steps,
    generate,
    health,
    identities,
    insights,
    invitations,
    joinings,
    knowledge,
    lessons,
    letters,
    live,
    mailboxes,
    mails,
    me,
    notes,
    notices,
    outgoing,
    people,
    playground,
    presences,
    priorities,
    redrafts,
    reopenings,
    retrainings,
    rules,
    saved_views,
    second_factors,
    sent,
    sessions,
    set_ups,
    settlements,
    snoozes,
    spam,
    tags,
    tickets,
    trail,
    trials,
    trusts,
    unreadable,
    votes,
    waits,
    webhooks,
    withdrawals,
)  # fmt: skip
from db.models import now

ROOT = Path(__file__).resolve().parent.parent
PUBLIC = (sessions, identities, set_ups, invitations, votes, chat, health)
SIGNED_IN = (
    letters,
    tickets, actions, drafts, edits, approvals, withdrawals, dismissals, reopenings, redrafts, trusts, settlements,
    assignments, snoozes, waits, priorities, tags, notes, presences, saved_views,
    canned_replies,
    files, bulk, sent, mails, unreadable, spam, mailboxes, outgoing, first_steps,
    customers,
    insights,
    joinings,
    rules,
    lessons,
    retrainings,
    knowledge,
    playground,
    chats,
    trials,
    autopilot,
    desk_settings,
    notices,
    people,
    api_keys,
    webhooks,
    trail,
    second_factors,
    me, live,
)  # fmt: skip


def make_templates() -> Jinja2Templates:
    templates = Jinja2Templates(ROOT / "templates")
    templates.env.globals["now"] = now
    languages.install(templates.env)
    templates.env.trim_blocks = templates.env.lstrip_blocks = True
    return templates


def add_pages(app: FastAPI) -> None:
    """Mount every route and every static file on the app."""
    for module in PUBLIC:
        app.include_router(
            module.router, dependencies=[Depends(security.same_site)], include_in_schema=module is health
        )
    guarded = [Depends(get_caller), Depends(security.same_site), Depends(check_may_write)]  # no key: 401, not 403
    for module in SIGNED_IN:
        app.include_router(module.router, dependencies=[*guarded, Depends(check_is_a_person)], include_in_schema=False)
    told = may_answer(400, 401, 403, 422, 503)
    app.include_router(api.router, dependencies=guarded, responses=told)
    app.include_router(generate.router, dependencies=guarded, responses=told)
    app.include_router(docs, dependencies=guarded, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=ROOT / "static"), "static")
    app.mount("/vendor/htmx", StaticFiles(packages=[("django_htmx", "static/django_htmx")]), "htmx")
    app.mount("/vendor/swagger", StaticFiles(directory=swagger_folder()), "swagger")
    app.state.numbers = Numbers()
    app.add_middleware(security.Headers)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=4)
    app.add_middleware(Clock, numbers=app.state.numbers)
    errors.handle_problems(app)


docs = APIRouter()


@docs.get("/docs")
def show_docs(request: Request, house: TheHouse) -> Response:
    return respond.page(request, house, "docs/show.html")


@docs.get("/openapi.json")
def openapi(request: Request) -> dict[str, Any]:
    described: dict[str, Any] = request.app.openapi()
    return described


def swagger_folder() -> Path:
    spec = importlib.util.find_spec("swagger_ui_bundle")
    assert spec is not None
    assert spec.origin is not None
    return next(Path(spec.origin).parent.glob("vendor/swagger-ui-*"))
