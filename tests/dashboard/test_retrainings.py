"""The page of the model: ordering, watching, letting another version serve; and the same for programs."""

import pytest
from pages import FORM, Pages

from db import people, versions
from db.models import Person, Retraining

REPORT = {
    "may_serve": True,
    "words": "It may serve: better in category on frozen mails, and worse in nothing.",
    "pairs": {"frozen mails": [{"measure": "category", "mails": 100, "serving": 80, "candidate": 90, "only_serving": 0, "only_candidate": 10, "words": "better"}]},
    "apart": [{"subject": "Hi <b>", "body": "x", "gold": {"category": "other", "username": "", "details": {}, "reply": "r"}, "serving": None, "candidate": {"category": "other", "username": "", "details": {"court": "3"}, "reply": "r"}}],
}  # fmt: skip


@pytest.fixture
def admin(pages: Pages) -> Pages:
    with pages.open_session() as session:
        session.get_one(Person, 1).role = "admin"
        versions.know(session, {"shipped": "/a", "new": "/b"}, serves="shipped")
    return pages


def state(pages: Pages) -> tuple[str, str]:
    with pages.open_session.reading() as session:
        row = session.query(Retraining).order_by(Retraining.id.desc()).first()
        assert row is not None
        return row.state, row.wanted


def test_it_is_ordered_watched_paused_and_cancelled(admin: Pages) -> None:
    assert admin.client.post("/retrainings", data={"steps": "30"}, headers=FORM).status_code == 303
    with admin.open_session() as session:
        row = session.query(Retraining).one()
        row.state = "training"
        row.progress = {"step": 10, "steps": 30, "loss": 0.5, "tokens_per_second": 900, "seconds_left": 61}
    page = admin.client.get("/retrainings").text
    assert '<progress max="30" value="10">' in page
    assert "2 minutes left" in page
    admin.client.post("/retrainings/1/order", data={"do": "pause"}, headers=FORM)
    assert state(admin) == ("training", "pause")
    assert admin.client.post("/retrainings", headers=FORM).status_code == 409
    assert admin.client.post("/retrainings/1/order", data={"do": "dance"}, headers=FORM).status_code == 422


def test_another_version_serves_and_the_old_one_again(admin: Pages) -> None:
    with admin.open_session() as session:
        session.add(
            Retraining(
                asked_by="mia",
                version="new",
                state="done",
                report={**REPORT, "may_serve": False},
                words="It may not serve.",
            )
        )
    refused = admin.client.post("/retrainings/serving", data={"name": "new"}, headers=FORM)
    assert refused.status_code == 422
    assert "It may not serve. Nothing was changed." in refused.text

    with admin.open_session() as session:
        session.query(Retraining).one().report = REPORT
    for name in ("new", "shipped"):
        admin.client.post("/retrainings/serving", data={"name": name}, headers=FORM)
        with admin.open_session.reading() as session:
            assert versions.serving(session) == name


def test_what_was_judged_stands_side_by_side(admin: Pages) -> None:
    with admin.open_session() as session:
        session.add(Retraining(asked_by="mia", version="new", state="done", report=REPORT, words=REPORT["words"]))

    page = admin.client.get("/retrainings/1").text

    assert "Frozen mails (100)" in page
    assert "Hi &lt;b&gt;" in page
    assert "court 3" in page


def test_a_lead_watches_and_an_agent_does_not(pages: Pages) -> None:
    assert pages.client.get("/retrainings", headers=FORM).status_code == 403
    with pages.open_session() as session:
        session.get_one(Person, 1).role = "lead"
    assert "Learn from what was corrected" not in pages.client.get("/retrainings").text
    assert pages.client.post("/retrainings", headers=FORM).status_code == 403


def test_programs_order_and_ask(pages: Pages) -> None:
    with pages.open_session() as session:
        key = people.add_key(session, "trainer", ["retrainings:write"])
        other = people.add_key(session, "reader", ["tickets:read"])
    mine, theirs = ({"Authorization": f"Bearer {one}"} for one in (key, other))

    assert pages.stranger.post("/api/retrainings", headers=theirs).status_code == 403
    answer = pages.stranger.post("/api/retrainings", json={"steps": 7}, headers=mine)
    assert (answer.status_code, answer.json()) == (202, {"id": 1})
    assert pages.stranger.post("/api/retrainings", headers=mine).status_code == 409
    said = pages.stranger.get("/api/retrainings/1", headers=mine).json()
    assert (said["state"], said["steps"], said["may_serve"]) == ("queued", 7, False)
    assert pages.client.post("/api/retrainings", headers=FORM).status_code == 403  # an agent at a browser


def test_a_plan_is_kept_and_a_wrong_one_refused(admin: Pages) -> None:
    admin.client.post("/retrainings/plan", data={"after": "40", "day": "sun", "hour": "2"}, headers=FORM)

    page = admin.client.get("/retrainings").text
    assert 'name="after" value="40"' in page
    assert '<option value="sun" selected>' in page
    assert admin.client.post("/retrainings/plan", data={"hour": "25"}, headers=FORM).status_code == 409
    assert admin.client.post("/retrainings/plan", data={"after": "many"}, headers=FORM).status_code == 422
