"""Who may do what: every route has its line here, and a route without one fails."""

import itertools
import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from pages import Pages
from starlette.testclient import TestClient

from dashboard.keys import SCOPES
from db import people
from db.models import Person

ROLES = ("anonymous", "viewer", "agent", "lead", "admin")
# The least role that may call each route.
LEAST = {
    "anonymous": """
        GET /session, POST /session, POST /session/code, POST /session/end, GET /session/identity, GET /session/identity/callback,
        GET /set-up/{token}, POST /set-up/{token}, GET /invitation/{token}, POST /invitation/{token}, GET /vote/{token}, POST /vote/{token},
        GET /chat, POST /chat/messages, POST /chat/hand-over, GET /healthz, GET /readyz, GET /metrics
    """,
    "viewer": """
        GET /tickets/new, GET /, GET /tickets, GET /tickets/{ticket_id}, GET /actions, GET /actions/series, GET /actions/{name},
        POST /tickets/{ticket_id}/presence, POST /views, POST /views/{view_id}/end, GET /canned-replies, GET /bulk, GET /sent,
        GET /mails/{mail_id}.eml, GET /mails/{mail_id}/html, GET /mails/{mail_id}/attachments/{number}, GET /unreadable, GET /customers,
        GET /insights, GET /insights/{name}.csv, GET /knowledge, GET /knowledge/new, GET /knowledge/{page_id}, GET /knowledge/{page_id}/edit,
        GET /playground, GET /me/notices, POST /me/notices, POST /me/notices/end, GET /me/second-factor, POST /me/second-factor,
        POST /me/second-factor/end, GET /me, POST /me, GET /live, GET /api/tickets, GET /api/tickets/{ticket_id}, GET /docs, GET /openapi.json
    """,
    "agent": """
        POST /tickets, POST /tickets/{ticket_id}/further-reply, POST /tickets/{ticket_id}/forward,
        POST /tickets/{ticket_id}/letters/{promise_id}/withdrawal, POST /actions/series, POST /actions/{name}, POST /tickets/{ticket_id}/draft,
        POST /tickets/{ticket_id}/edit, POST /tickets/{ticket_id}/approval, POST /tickets/{ticket_id}/withdrawal, POST /tickets/{ticket_id}/dismissal,
        POST /tickets/{ticket_id}/reopening, POST /tickets/{ticket_id}/redraft, POST /tickets/{ticket_id}/trust, POST /tickets/{ticket_id}/booking,
        POST /tickets/{ticket_id}/settlement, POST /tickets/{ticket_id}/assignment, POST /tickets/{ticket_id}/snooze, POST /tickets/{ticket_id}/wait,
        POST /tickets/{ticket_id}/priority, POST /tickets/{ticket_id}/tags, POST /tickets/{ticket_id}/notes, POST /canned-replies,
        POST /canned-replies/{canned_id}/end, POST /tickets/{ticket_id}/canned-reply, POST /tickets/{ticket_id}/files,
        POST /tickets/{ticket_id}/files/{number}/end, POST /bulk, POST /mails/{mail_id}/reading, POST /spam/dismissal,
        POST /tickets/{ticket_id}/welcome, POST /customers, POST /customers/addresses, POST /customers/addresses/end,
        POST /tickets/{ticket_id}/merger, POST /tickets/{ticket_id}/split, POST /knowledge, POST /knowledge/{page_id},
        POST /knowledge/{page_id}/versions/{version}, POST /knowledge/{page_id}/there, POST /knowledge/files/upload, POST /knowledge/web/address,
        POST /playground, POST /api/tickets, POST /api/tickets/{ticket_id}/approval, DELETE /api/tickets/{ticket_id}/approval, POST /generate,
        POST /api/triage
    """,
    "lead": """
        GET /api/retrainings/{retraining_id},
        GET /rules, POST /rules, POST /rules/{rule_id}/end, POST /blocked-senders, POST /blocked-senders/end, GET /lessons, POST /lessons/{lesson_id},
        POST /lessons/chats/{chat_id}, POST /lessons, GET /lessons.jsonl, GET /retrainings, GET /retrainings/{retraining_id}, GET /chats, GET /trials,
        GET /autopilot, GET /trail
    """,
    "admin": """
        GET /mailboxes, POST /mailboxes, POST /mailboxes/{mailbox_id}/trial, POST /mailboxes/{mailbox_id}/removal,
        POST /mailboxes/{mailbox_id}/consent, GET /mailboxes/consent, POST /outgoing, POST /outgoing/trial, POST /outgoing/removal, GET /first-steps,
        GET /customers/oblivion, POST /customers/oblivion, POST /retrainings, POST /retrainings/{retraining_id}/order, POST /retrainings/plan,
        POST /retrainings/serving, POST /chats/terms, POST /chats/{name}/opening, POST /chats/{name}/closing, POST /trials, POST /trials/{trial_id}/end, POST /autopilot/terms, POST /autopilot/switch,
        POST /autopilot/{name}/opening, POST /autopilot/{name}/closing, GET /desk-settings, POST /desk-settings/wording, POST /desk-settings/targets,
        POST /desk-settings/retention, POST /desk-settings/second-factor, POST /desk-settings/votes, GET /people, POST /people, POST /people/{person_id},
        POST /people/{person_id}/invitation, GET /api-keys, POST /api-keys, POST /api-keys/{key_id}/end, GET /webhooks, POST /webhooks,
        GET /webhooks/{webhook_id}, POST /webhooks/{webhook_id}/test, POST /webhooks/{webhook_id}/state, POST /webhooks/{webhook_id}/secret,
        POST /webhooks/{webhook_id}/deliveries/{delivery_id}/again, POST /webhooks/{webhook_id}/end, POST /api/retrainings
    """,
}
# What a program's key opens, by the scope that it takes; nothing else.
SCOPE = {
    "GET /api/tickets": "tickets:read", "GET /api/tickets/{ticket_id}": "tickets:read", "POST /api/tickets": "tickets:write",
    "POST /api/tickets/{ticket_id}/approval": "approvals:write", "DELETE /api/tickets/{ticket_id}/approval": "approvals:write",
    "POST /api/retrainings": "retrainings:write", "GET /api/retrainings/{retraining_id}": "retrainings:write",
    "POST /generate": "generate", "POST /api/triage": "triage",
}  # fmt: skip
FOR_ANY_KEY = ("GET /docs", "GET /openapi.json", "GET /live")
NUMBERS = itertools.count()  # of keys, whose names are never the same
STREAMS = ("GET /live",)  # it does not end; tests/dashboard/test_live.py


def rules() -> dict[str, str]:
    return {" ".join(one.split()): role for role, routes in LEAST.items() for one in routes.split(",") if one.strip()}


def routes(pages: Pages) -> Iterator[str]:
    for one in iter_route_contexts(pages.client.app.routes):  # type: ignore[attr-defined]
        for method in sorted(getattr(one, "methods", None) or ()):
            if method != "HEAD" and hasattr(one, "path"):
                yield f"{method} {one.path}"


def test_every_route_has_a_rule_and_every_rule_a_route(pages: Pages) -> None:
    assert sorted(set(routes(pages))) == sorted(rules())
    assert set(SCOPE.values()) == set(SCOPES)


def call(pages: Pages, route: str, *, role: str = "", key: str = "") -> httpx.Response:
    """With numbers that nothing has, and an empty form."""
    method, _, path = route.partition(" ")
    client = TestClient(pages.client.app, follow_redirects=False, raise_server_exceptions=False)
    headers = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    with pages.open_session() as session:
        if role:
            person = session.get_one(Person, 1)
            person.role, person.is_active = role, True
            client.cookies.set("courtdesk", people.open_browser(session, person))
        if key:
            headers = {"Authorization": f"Bearer {people.add_key(session, f'{key} {next(NUMBERS)}', [key])}"}
    return client.request(method, re.sub(r"\{[^}]*\}", "999999", path), headers=headers)


def is_refused(answer: httpx.Response) -> bool:
    return answer.status_code in (401, 403) or answer.headers.get("location", "").startswith("/session")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_its_rules_say_and_nothing_more(pages: Pages, role: str) -> None:
    wrong = []
    for route, least in rules().items():
        if route in STREAMS or (least == "anonymous" and "/session" in route):
            continue
        answer = call(pages, route, role="" if role == "anonymous" else role)
        if is_refused(answer) != (ROLES.index(role) < ROLES.index(least)) or answer.status_code == 500:
            wrong.append((route, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_opens_what_its_scope_says_and_nothing_more(pages: Pages, scope: str) -> None:
    wrong = []
    for route, least in rules().items():
        if least == "anonymous" or route in STREAMS:
            continue
        answer = call(pages, route, key=scope)
        may = SCOPE.get(route) == scope or route in FOR_ANY_KEY
        if is_refused(answer) == may or answer.status_code == 500:
            wrong.append((route, answer.status_code))
    assert wrong == []
