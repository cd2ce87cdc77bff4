"""Drafts for programs: in the shape of the contract, within limits, in the books, and nothing stored."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from pages import FORM, Pages

from dashboard.throttle import Limits
from db import people, triage
from db.drafts import Draft
from db.models import ApiCall, Mail, Ticket, now
from db.plans import NoAnswer
from db.triage import Busy, MailIn, Triaged

FOUND = Triaged(
    Draft("reset_password", "anna42", {"full_name": "Anna K"}, "Hello {reset_url}"), 0.93, False,
    [("reset_password", 0.99), ("other", 0.01)], ["the user name is a guess"], [{"page": "p", "heading": "h", "text": "t"}],
    "tennis-4", {"waited": 1, "category": 20, "total": 90},
)  # fmt: skip


@dataclass
class FakeTriage:
    asked: list[MailIn] = field(default_factory=list)
    problem: Exception | None = None

    def triage(self, mail: MailIn) -> Triaged:
        self.asked.append(mail)
        if self.problem:
            raise self.problem
        return FOUND


@pytest.fixture
def model(pages: Pages) -> FakeTriage:
    made = FakeTriage()
    app = pages.client.app
    app.state.house = replace(app.state.house, triage=made)  # type: ignore[attr-defined]
    return made


def key(pages: Pages, *scopes: str, per_minute: int = 60) -> dict[str, str]:
    with pages.open_session() as session:
        return {"Authorization": f"Bearer {people.add_key(session, 'shop', scopes, per_minute)}"}


def calls(pages: Pages) -> list[tuple[str, str, int]]:
    with pages.open_session.reading() as session:
        return [(one.caller, one.route, one.status) for one in session.query(ApiCall).order_by(ApiCall.id)]


def test_an_issue_is_answered(pages: Pages, model: FakeTriage) -> None:
    answer = pages.stranger.post("/generate", json={"issue": "I forgot my password"}, headers=key(pages, "generate"))

    assert answer.status_code == 200
    assert answer.json() == {
        "issue": "I forgot my password", "response": "Hello {reset_url}", "category": "reset_password", "username": "anna42",
        "details": {"full_name": "Anna K"}, "confidence": 0.93, "needs_human": False, "model": "tennis-4",
    }  # fmt: skip
    assert calls(pages) == [("key shop", "/generate", 200)]


def test_a_mail_is_triaged_and_stored_nowhere(pages: Pages, model: FakeTriage) -> None:
    mail = {"subject": "Login", "body": "Hi", "from_email": "a@b.example", "date": "2026-05-14T09:12:00+02:00"}

    said = pages.stranger.post("/api/triage", json=mail, headers=key(pages, "triage")).json()

    assert set(said) == {
        "category",
        "username",
        "details",
        "reply",
        "confidence",
        "categories",
        "needs_human",
        "reasons",
        "sources",
        "model",
        "timings_ms",
    }
    assert said["categories"][0] == {"category": "reset_password", "probability": 0.99}
    assert model.asked[0].date.isoformat() == "2026-05-14T09:12:00+02:00"
    with pages.open_session.reading() as session:
        assert (session.query(Ticket).count(), session.query(Mail).count()) == (1, 1)  # those of the fixture


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/generate", {"issue": ""}), ("/generate", {"issue": " \n"}), ("/generate", {"issue": "x" * 20_001}), ("/generate", {}), ("/generate", {"issue": 7}),
        ("/api/triage", {"body": ""}), ("/api/triage", {"body": "x", "date": "yesterday"}), ("/api/triage", {"body": "x", "date": "2026-05-14T09:12:00"}),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(pages: Pages, model: FakeTriage, path: str, body: dict[str, object]) -> None:
    answer = pages.stranger.post(path, json=body, headers=key(pages, "generate", "triage"))

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert model.asked == []


def test_without_a_right_key_nothing_is_drafted(pages: Pages, model: FakeTriage) -> None:
    for path in ("/generate", "/api/triage"):
        body = {"issue": "x", "body": "x"}
        assert pages.stranger.post(path, json=body).status_code == 401
        assert pages.stranger.post(path, json=body, headers={"Authorization": "Bearer nonsense"}).status_code == 401
    assert pages.stranger.post("/generate", json={"issue": "x"}, headers=key(pages, "tickets:read")).status_code == 403
    assert model.asked == []
    assert pages.client.post("/generate", json={"issue": "x"}, headers=FORM).status_code == 200  # somebody at a browser


@pytest.mark.parametrize("path", ["/tickets", "/tickets/1", "/insights", "/me", "/lessons", "/people", "/mails/1.eml"])
def test_a_key_opens_no_page(pages: Pages, model: FakeTriage, path: str) -> None:
    every = key(pages, "generate", "triage", "tickets:read", "tickets:write", "approvals:write")

    assert pages.stranger.get(path, headers=every).status_code == 403


@pytest.mark.parametrize("noun", ["dismissal", "notes", "approval", "assignment", "forward"])
def test_a_key_decides_nothing_on_a_page(pages: Pages, model: FakeTriage, noun: str) -> None:
    every = key(pages, "generate", "triage", "tickets:read", "tickets:write", "approvals:write")

    answer = pages.stranger.post(
        f"/tickets/1/{noun}", data={"seen": "2", "text": "x", "to": "a@b.example"}, headers=every
    )

    assert answer.status_code == 403
    assert pages.ticket().status == "in_review"


def test_calls_are_forgotten_after_three_months(pages: Pages) -> None:
    with pages.open_session() as session:
        triage.note(session, "old", "/generate", 200, 1)
        session.flush()
        session.query(ApiCall).update({"at": now() - timedelta(days=91)})
        triage.note(session, "new", "/generate", 200, 1)

    triage.forget_old(pages.open_session)

    assert [caller for caller, _, _ in calls(pages)] == ["new"]


def test_limits_say_when_to_ask_again(pages: Pages, model: FakeTriage) -> None:
    mine = key(pages, "generate", per_minute=2)
    answers = [pages.stranger.post("/generate", json={"issue": "x"}, headers=mine) for _ in range(3)]

    assert [one.status_code for one in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["retry-after"]) <= 30
    assert [status for _, _, status in calls(pages)] == [200, 200, 429]


def test_a_bucket_fills_by_and_by(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0, 0.0, 0.0, 29.0, 31.0])
    monkeypatch.setattr("dashboard.throttle.time.monotonic", lambda: next(moments))
    limits = Limits()
    limits.take("shop", 2)
    limits.take("shop", 2)
    with pytest.raises(Busy):
        limits.take("shop", 2)
    with pytest.raises(Busy):
        limits.take("shop", 2)  # after 29 s there is not yet one
    limits.take("shop", 2)


@pytest.mark.parametrize(
    ("problem", "status"), [(NoAnswer("The model is away."), 503), (Busy("64 drafts wait already.", 5), 429)]
)
def test_what_the_model_cannot_do_is_said_and_noted(
    pages: Pages, model: FakeTriage, problem: Exception, status: int
) -> None:
    model.problem = problem

    answer = pages.stranger.post("/api/triage", json={"body": "x"}, headers=key(pages, "triage"))

    assert answer.status_code == status
    assert answer.json()["title"] == str(problem)
    assert calls(pages) == [("key shop", "/api/triage", status)]


def test_a_process_without_a_model_says_so(pages: Pages) -> None:
    answer = pages.stranger.post("/generate", json={"issue": "x"}, headers=key(pages, "generate"))

    assert answer.status_code == 503
    assert "has no model" in answer.json()["title"]
