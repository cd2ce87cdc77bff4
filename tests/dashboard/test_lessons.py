"""The page of lessons: what was changed, word by word; verified, corrected, dropped, taken along."""

import json

import pytest
from pages import FORM, Pages

from dashboard.diffs import words_changed
from db import decisions, lessons, tickets
from db.drafts import Draft
from db.lifecycle import PROGRAM, Status
from db.models import Lesson, Person

ANSWER = Draft("reset_password", "anna42", {}, "Hello <Anna>, here is a new link: {reset_url}")


@pytest.fixture
def lead(pages: Pages) -> Pages:
    with pages.open_session() as session:
        session.get_one(Person, 1).role = "lead"
        ticket = tickets.get(session, 1)
        ticket.lesson = {"why": "tone", "learn": True}
        decisions.approve(
            session, ticket, ANSWER, action=None, reply_to="a@b.example", by="mia", seen=ticket.version, undo_seconds=0
        )
        for status in (Status.ACTED, Status.REPLIED):
            tickets.move(session, ticket, status, actor=PROGRAM, seen=ticket.version)
    return pages


def lesson(pages: Pages) -> Lesson:
    with pages.open_session.reading() as session:
        return session.query(Lesson).one()


def test_a_lesson_shows_what_was_changed_and_is_verified(lead: Pages) -> None:
    page = lead.client.get("/lessons").text
    assert "<del>Hi Anna," in page
    assert "<ins>Hello &lt;Anna&gt;, here" in page
    assert "Why? tone" in page
    form = {
        "do": "verify",
        "category": "reset_password",
        "username": "anna42",
        "reply": "Better.",
        "where": "state=waiting",
    }

    assert lead.client.post("/lessons/1", data=form, headers=FORM).headers["location"] == "/lessons?state=waiting"

    assert (lesson(lead).state, lesson(lead).verified_by) == ("verified", "mia@westpark.example")
    assert lesson(lead).answer is not None
    assert "No lesson here" in lead.client.get("/lessons").text
    assert "Better." in lead.client.get("/lessons?state=verified").text
    lead.client.post("/lessons/1", data={"do": "back"}, headers=FORM)
    lead.client.post("/lessons/1", data={"do": "drop"}, headers=FORM)
    assert lesson(lead).state == "dropped"


def test_views_show_what_is_worth_a_look(lead: Pages) -> None:
    for only, there in (("changed", True), ("unsure", False), ("dismissed", False), ("nonsense", True)):
        assert ("lesson-1" in lead.client.get(f"/lessons?only={only}").text) is there


def test_they_are_taken_along_as_training_rows(lead: Pages) -> None:
    answer = lead.client.get("/lessons.jsonl")

    (row,) = [json.loads(line) for line in answer.text.splitlines()]
    assert row["answer"]["reply"] == ANSWER.reply
    assert row["mail"]["body"].startswith("I am anna42")
    lead.client.post("/lessons", data={"pseudonyms": "on"}, headers=FORM)
    assert "anna" not in lead.client.get("/lessons.jsonl").text.lower()
    with lead.open_session.reading() as session:
        assert lessons.settings(session) == {"pseudonyms": True, "only_verified": False}


def test_a_lesson_needs_a_right_answer(lead: Pages) -> None:
    form = {"do": "verify", "category": "nonsense", "reply": "x"}
    assert lead.client.post("/lessons/1", data=form, headers=FORM).status_code == 422
    assert lead.client.post("/lessons/9", data={"do": "drop"}, headers=FORM).status_code == 422


def test_a_lesson_of_a_category_that_is_gone_can_still_be_judged(lead: Pages) -> None:
    with lead.open_session() as session:
        one = session.query(Lesson).one()
        one.answer = {**(one.answer or {}), "category": "long_gone"}

    assert "long_gone" in lead.client.get("/lessons").text
    assert lead.client.post("/lessons/1", data={"do": "drop"}, headers=FORM).status_code == 303


def test_an_agent_sees_none_of_it(pages: Pages) -> None:
    for path in ("/lessons", "/lessons.jsonl"):
        assert pages.client.get(path, headers=FORM).status_code == 403


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("a b c", "a x c", [("", "a"), ("del", " b"), ("ins", " x"), ("", " c")]),
        ("same", "same", [("", "same")]),
        ("", "new", [("ins", "new")]),
        ("old", "", [("del", "old")]),
    ],
)
def test_words_that_changed(before: str, after: str, said: list[tuple[str, str]]) -> None:
    assert words_changed(before, after) == said
