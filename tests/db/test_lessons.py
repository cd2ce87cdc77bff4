"""Every decision becomes a lesson of its mail: once, with the reason, and only what somebody could learn."""

import json

import pytest
from builders import RESET
from hypothesis import given, settings
from hypothesis import strategies as st

from db import decisions, lessons, outbox, tickets
from db.drafts import Draft
from db.lessons import UnusableLesson
from db.lifecycle import PROGRAM, Status
from db.models import Lesson, Mail, Promise, Ticket
from db.pseudonyms import Pseudonyms
from db.session import OpenSession

RIGHT = Draft("reset_password", "anna42", {"full_name": "Anna Kowalczyk"}, "Hello Anna, here it is: {reset_url}")


def put(open_session: OpenSession, *, draft: Draft | None = RESET, number: int = 1) -> None:
    with open_session() as session:
        ticket = Ticket(status=Status.IN_REVIEW, subject="Login", confidence=0.7, made_by={"adapter": "tennis-4"})
        ticket.draft = dict(draft.as_json()) if draft else None
        session.add(ticket)
        session.flush()
        body = "I am anna42, Anna Kowalczyk, anna@kowalczyk.example. I forgot my password."
        session.add(
            Mail(
                ticket_id=ticket.id, raw=b"raw", read=True, dedupe_key=f"k{number}", text=body, subject="Login",
                from_name="Anna Kowalczyk", from_email="anna@kowalczyk.example",
            )
        )  # fmt: skip


def sign(open_session: OpenSession, answer: Draft = RIGHT, ticket_id: int = 1, **lesson: object) -> None:
    with open_session() as session:
        ticket = tickets.get(session, ticket_id)
        ticket.lesson = lesson
        decisions.approve(
            session, ticket, answer, action=None, reply_to="anna@kowalczyk.example", by="mia", seen=ticket.version, undo_seconds=0
        )  # fmt: skip


def leave(open_session: OpenSession, ticket_id: int = 1) -> None:
    """The reply has left."""
    with open_session() as session:
        ticket = tickets.get(session, ticket_id)
        for status in (Status.ACTED, Status.REPLIED):
            if ticket.status != status:
                tickets.move(session, ticket, status, actor=PROGRAM, seen=ticket.version)


def found(open_session: OpenSession) -> list[Lesson]:
    with open_session.reading() as session:
        return list(session.query(Lesson).order_by(Lesson.id))


def test_an_answer_that_left_is_a_lesson_and_not_before(open_session: OpenSession) -> None:
    put(open_session)
    sign(open_session, why="tone", learn=True)
    assert found(open_session) == []  # it may still be undone

    leave(open_session)

    (lesson,) = found(open_session)
    assert (lesson.kind, lesson.state, lesson.why, lesson.by, lesson.model) == (
        "signed",
        "waiting",
        "tone",
        "mia",
        "tennis-4",
    )
    assert lesson.draft == RESET.as_json()
    assert lesson.answer == RIGHT.as_json()
    with open_session.reading() as session:
        assert next(lessons.rows(session))["tags"] == [
            "signed",
            "tone",
            "corrected",
            "rewritten",
            "category was right",
        ]


@pytest.mark.parametrize(
    ("signed", "right"),
    [
        (RESET, ["category", "fields", "reply"]),
        (RESET.with_reply("Hi Anna,\n\nplease come by."), ["category", "fields"]),
        (Draft("other", RESET.username, RESET.details, RESET.reply), ["fields", "reply"]),
        (Draft(RESET.category, "anna", RESET.details, RESET.reply), ["category", "reply"]),
        (Draft("other", "", {"court": "3"}, "No."), []),
    ],
)
def test_it_says_what_was_right_in_the_draft(signed: Draft, right: list[str]) -> None:
    tags = lessons.what_was_right(RESET.as_json(), signed.as_json())

    assert [tag.partition(" ")[0] for tag in tags] == right


def test_a_dismissal_is_one_that_teaches_nothing_yet(open_session: OpenSession) -> None:
    put(open_session)
    with open_session() as session:
        ticket = tickets.get(session, 1)
        decisions.dismiss(session, ticket, by="mia", seen=ticket.version, reason="not for us")

    (lesson,) = found(open_session)
    assert (lesson.kind, lesson.why, lesson.answer) == ("dismissed", "not for us", None)
    with open_session() as session:
        assert list(lessons.rows(session)) == []
        lessons.verify(
            session, session.query(Lesson).one(), Draft("other", "", {}, "A colleague will write."), by="jana"
        )
        (row,) = lessons.rows(session)
    assert row["answer"]["category"] == "other"
    assert row["tags"] == ["dismissed", "not for us", "verified", "corrected", "rewritten"]


def test_what_nobody_drafted_is_none(open_session: OpenSession) -> None:
    put(open_session, draft=None)
    sign(open_session)
    leave(open_session)

    assert found(open_session) == []


def test_one_more_reply_does_not_replace_the_answer(open_session: OpenSession) -> None:
    put(open_session)
    sign(open_session)
    leave(open_session)
    with open_session() as session:
        ticket = tickets.get(session, 1)
        decisions.write_again(session, ticket, by="mia", seen=ticket.version)
    sign(open_session, RIGHT.with_reply("One more thing."))
    leave(open_session)

    (lesson,) = found(open_session)
    assert lesson.answer == RIGHT.as_json()


def test_what_was_marked_or_what_the_club_refused_is_not_taught(open_session: OpenSession) -> None:
    for number in (1, 2, 3):
        put(open_session, number=number)
    sign(open_session, learn=False)
    sign(open_session, ticket_id=2)
    with open_session() as session:
        outbox.promise(session, tickets.get(session, 2), "action", {}, key="x")
        session.query(Promise).where(Promise.key == "x").update({"state": "refused"})
    sign(open_session, ticket_id=3)
    for number in (1, 2, 3):
        leave(open_session, number)

    with open_session.reading() as session:
        assert [row["id"] for row in lessons.rows(session)] == ["lesson-3"]


def test_a_person_judges_and_that_stays(open_session: OpenSession) -> None:
    put(open_session)
    sign(open_session)
    leave(open_session)
    with open_session() as session:
        lesson = session.query(Lesson).one()
        with pytest.raises(UnusableLesson, match="Write the reply"):
            lessons.verify(session, lesson, RIGHT.with_reply(" "), by="jana")
        lessons.drop(session, lesson, by="jana")
        assert list(lessons.rows(session)) == []
        assert lessons.counts(session) == {"waiting": 0, "verified": 0, "dropped": 1}
    with open_session() as session:
        ticket = tickets.get(session, 1)
        decisions.redraft(session, ticket, by="mia", seen=ticket.version)
        tickets.propose(session, ticket, RIGHT)
    sign(open_session)
    leave(open_session)

    assert [one.state for one in found(open_session)] == ["dropped"]


def test_only_verified_ones_where_the_desk_says_so(open_session: OpenSession) -> None:
    put(open_session)
    sign(open_session)
    leave(open_session)
    with open_session() as session:
        lessons.save_settings(session, pseudonyms=False, only_verified=True)
        assert list(lessons.rows(session)) == []
        lessons.verify(session, session.query(Lesson).one(), RIGHT, by="jana")
        assert len(list(lessons.rows(session))) == 1


def test_personal_data_is_replaced_by_the_same_invention_each_time(open_session: OpenSession) -> None:
    put(open_session)
    sign(open_session)
    leave(open_session)
    with open_session() as session:
        lessons.save_settings(session, pseudonyms=True, only_verified=False)
        (row,) = lessons.rows(session, secret="a")
        (again,) = lessons.rows(session, secret="a")
        (other,) = lessons.rows(session, secret="b")

    text = json.dumps(row, ensure_ascii=False).lower()
    for word in ("anna", "kowalczyk"):
        assert word not in text
    assert row == again
    assert row["mail"] != other["mail"]
    answer, body = row["answer"], row["mail"]["body"]
    assert answer["username"] in body  # what must stand in the mail still does
    assert answer["details"]["full_name"] in body
    assert answer["category"] == "reset_password"
    assert "{reset_url}" in answer["reply"]
    assert answer["reply"].startswith(f"Hello {answer['details']['full_name'].split()[0]}")


@pytest.mark.parametrize(
    ("body", "kept", "gone"),
    [
        ("Court 3 on 2026-05-19 at 18:30, please", ["Court 3", "2026-05-19", "18:30"], []),
        ("call me: +49 151 23456789", ["+49"], ["23456789"]),
        ("on 19.05.2026 or 20.05.2026", ["19.05.2026", "20.05.2026"], []),
        ("write to bob_x@hale.example", [], ["bob_x", "hale"]),
    ],
)
def test_dates_and_courts_stay_and_numbers_and_addresses_do_not(body: str, kept: list[str], gone: list[str]) -> None:
    row = {"mail": {"from_name": "Bob Hale", "subject": "x", "body": body}, "answer": {"details": {}, "reply": ""}}

    made = Pseudonyms("s").replaced(row)["mail"]["body"]

    assert all(word in made for word in kept)
    assert not any(word in made for word in gone)


@pytest.mark.parametrize(
    ("name", "body"), [("Yildiz Kaya", "ben Yıldız Kaya"), ("İbrahim Öz", "Ibrahim ÖZ, ibrahim öz"), ("Strauß Anna", "STRAUSS anna")]
)  # fmt: skip
def test_letters_that_are_one_without_case_are_one_here(name: str, body: str) -> None:
    row = {"mail": {"from_name": name, "subject": "", "body": body}, "answer": {"details": {}, "reply": ""}}

    made = Pseudonyms("s").replaced(row)["mail"]["body"].casefold()

    assert not any(word in made for word in ("kaya", "ıldız", "brahim"))


@given(st.text(min_size=2, max_size=20), st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_text_of_a_stranger_breaks_it(name: str, body: str) -> None:
    row = {
        "mail": {"from_name": name, "subject": name, "body": body},
        "answer": {"username": name, "details": {}, "reply": body},
    }

    Pseudonyms("s").replaced(row)
