"""The interface for programs: keys, scopes, and the contract's shapes."""

import pytest
from pages import Pages

from db import people

LISTED = {
    "id",
    "status",
    "version",
    "subject",
    "from_email",
    "received_at",
    "category",
    "username",
    "confidence",
    "needs_human",
}


def key(pages: Pages, *scopes: str) -> dict[str, str]:
    with pages.open_session() as session:
        return {"Authorization": f"Bearer {people.add_key(session, 'test', scopes)}"}


def test_tickets_are_listed_as_the_contract_says(pages: Pages) -> None:
    answer = pages.stranger.get("/api/tickets", headers=key(pages, "tickets:read")).json()

    assert set(answer) == {"tickets", "next"}
    assert set(answer["tickets"][0]) == LISTED


def test_one_ticket_holds_its_whole_story(pages: Pages) -> None:
    answer = pages.stranger.get("/api/tickets/1", headers=key(pages, "tickets:read")).json()

    assert set(answer) == LISTED | {"mails", "draft", "answer", "events", "outbox"}
    assert list(answer["draft"]) == ["category", "username", "details", "reply"]


@pytest.mark.parametrize(("headers", "status"), [({}, 401), ({"Authorization": "Bearer cd_guess"}, 401)])
def test_no_or_a_wrong_key_is_401(pages: Pages, headers: dict[str, str], status: int) -> None:
    answer = pages.stranger.get("/api/tickets", headers=headers)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_missing_scope_is_403(pages: Pages) -> None:
    headers = key(pages, "tickets:read")

    assert pages.stranger.post("/api/tickets/1/approval", json={"seen": 2}, headers=headers).status_code == 403


def test_a_program_signs_with_seen(pages: Pages) -> None:
    headers = key(pages, "approvals:write")

    stale = pages.stranger.post("/api/tickets/1/approval", json={"seen": 1}, headers=headers)
    signed = pages.stranger.post("/api/tickets/1/approval", json={"seen": 2}, headers=headers)

    assert (stale.status_code, signed.status_code) == (409, 200)
    assert signed.json()["status"] == "approved"
    assert [row["kind"] for row in signed.json()["outbox"]] == ["action", "reply"]


def test_a_program_takes_it_back(pages: Pages) -> None:
    headers = key(pages, "approvals:write")
    pages.stranger.post("/api/tickets/1/approval", json={"seen": 2}, headers=headers)

    assert pages.stranger.delete("/api/tickets/1/approval", headers=headers).json()["status"] == "in_review"
    assert pages.stranger.delete("/api/tickets/1/approval", headers=headers).status_code == 409


def test_a_ticket_by_hand(pages: Pages) -> None:
    body = {"subject": "Phone", "body": "I am ben7", "from_email": "Ben@Eze.example"}

    answer = pages.stranger.post("/api/tickets", json=body, headers=key(pages, "tickets:write"))

    assert answer.status_code == 201
    assert (answer.json()["status"], answer.json()["from_email"]) == ("received", "ben@eze.example")


def test_an_unreadable_request_names_the_field(pages: Pages) -> None:
    answer = pages.stranger.post("/api/tickets", json={"body": ""}, headers=key(pages, "tickets:write"))

    assert answer.status_code == 422
    assert "body" in answer.json()["detail"]


def test_health_is_public_and_the_docs_need_no_other_host(pages: Pages) -> None:
    page = pages.client.get("/docs").text

    assert pages.stranger.get("/healthz").json() == {"status": "ok"}
    assert pages.stranger.get("/readyz").status_code == 200
    assert "http://" not in page
    assert "https://" not in page
    assert pages.client.get("/vendor/swagger/swagger-ui-bundle.js").status_code == 200
    assert "/api/tickets" in pages.client.get("/openapi.json").json()["paths"]
