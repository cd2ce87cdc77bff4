"""The page of trials: begun, watched and ended by the right people."""

import pytest
from pages import FORM, Pages

from db import trials, versions
from db.models import Person, Trial


@pytest.fixture
def admin(pages: Pages) -> Pages:
    with pages.open_session() as session:
        session.get_one(Person, 1).role = "admin"
        versions.know(session, {"old": "/a", "new": "/b"}, serves="old")
    return pages


def test_a_trial_is_begun_and_ended(admin: Pages) -> None:
    form = {"version": "new", "kind": "split", "share": "20"}
    assert admin.client.post("/trials", data=form, headers=FORM).status_code == 303

    page = admin.client.get("/trials").text
    assert "20 percent of the tickets are drafted by it." in page
    assert "Try another version" not in page
    assert "(new)" in admin.client.get("/retrainings").text
    assert admin.client.post("/trials", data=form, headers=FORM).status_code == 409

    assert admin.client.post("/trials/1/end", headers=FORM).status_code == 303
    assert admin.client.post("/trials/1/end", headers=FORM).status_code == 409
    with admin.open_session.reading() as session:
        assert trials.running(session) is None


@pytest.mark.parametrize("change", [{"share": "80"}, {"version": "old"}, {"kind": "loud"}])
def test_what_cannot_be_tried_is_refused_in_words(admin: Pages, change: dict[str, str]) -> None:
    form = {"version": "new", "kind": "split", "share": "20", **change}
    answer = admin.client.post("/trials", data=form, headers=FORM)
    assert answer.status_code == 409
    assert "hoose" in answer.text


def test_a_lead_watches_and_an_agent_does_not(pages: Pages) -> None:
    assert pages.client.get("/trials", headers=FORM).status_code == 403
    with pages.open_session() as session:
        session.get_one(Person, 1).role = "lead"
        session.add(Trial(kind="shadow", version="new", against="old", share=1.0, by="mia"))
    page = pages.client.get("/trials").text
    assert "judged by category, user name and details alone" in page
    assert "End it" not in page
    assert pages.client.post("/trials/1/end", headers=FORM).status_code == 403
