"""Full text: every word of mails, notes and tickets, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from db import attributes, notes, queue, search, tickets
from db.models import Mail, Person, now
from db.search import WrongFilter
from db.session import OpenSession


@pytest.fixture
def three(open_session: OpenSession) -> OpenSession:
    with open_session() as session:
        session.add(Person(id=1, email="mia@westpark.example", name="Mia Berg", password_hash="x"))
        for name, subject, body in [
            ("Anna Kowalczyk", "Racket", "I left a blue Wilson racket on court 3 <b>yesterday</b>."),
            ("Jörg Müller", "Platz buchen", "Ich möchte am Dienstag spielen."),
            ("Bob Hale", "Login", "The reset link does not work."),
        ]:
            sender = f"{name.split()[0].lower()}@club.example"
            tickets.open_by_hand(session, by="mia", subject=subject, body=body, from_email=sender, from_name=name)
    return open_session


def found(open_session: OpenSession, typed: str, view: str = "all") -> list[int]:
    with open_session.reading() as session:
        return sorted(one.id for one in queue.listed(session, queue.Query(view, typed)))


def test_words_of_subject_body_and_sender_are_found_as_they_are_typed(three: OpenSession) -> None:
    assert found(three, "wilson blue") == [1]
    assert found(three, "wils") == [1]
    assert found(three, "RACKET kowal") == [1]
    assert found(three, "möchte dienstag") == [2]
    assert found(three, "wilson dienstag") == []
    assert found(three, "") == [1, 2, 3]
    assert found(three, "#2") == [2]


def test_notes_drafts_and_user_names_are_found_too(three: OpenSession) -> None:
    with three() as session:
        notes.add(session, tickets.get(session, 2), "He plays left-handed", by="mia")
        tickets.get(session, 3).draft = {
            "category": "other",
            "username": "",
            "details": {},
            "reply": "Try the umbrella.",
        }
        tickets.get(session, 3).username = "bobby99"

    assert found(three, "handed") == [2]
    assert found(three, "umbrella") == [3]
    assert found(three, "bobby") == [3]


def test_what_was_changed_or_removed_is_not_found_any_more(three: OpenSession) -> None:
    with three() as session:
        tickets.get(session, 1).mails[0].text = "An umbrella."
        session.execute(text("DELETE FROM mails WHERE ticket_id = 3"))

    assert found(three, "wilson") == []
    assert found(three, "umbrella") == [1]
    assert found(three, "reset link") == []


def test_filters_narrow_a_search(three: OpenSession) -> None:
    with three() as session:
        attributes.tag(session, tickets.get(session, 1), ["lost property"], by="mia")
        attributes.assign(session, tickets.get(session, 3), session.get(Person, 1), by="mia")
        tickets.get(session, 2).received_at = now() - timedelta(days=40)
        session.get_one(Mail, 1).attachments = [{"name": "a.png"}]
    day = f"{now() - timedelta(days=10):%Y-%m-%d}"

    assert found(three, 'tag:"lost property"') == [1]
    assert found(three, "from:hale") == [3]
    assert found(three, "assignee:mia status:received") == [3]
    assert found(three, f"before:{day}") == [2]
    assert found(three, f"after:{day} racket") == [1]
    assert found(three, "has:file") == [1]


@pytest.mark.parametrize(
    ("typed", "words"),
    [("status:open", "may be received"), ("before:soon", "a day such as"), ("has:money", "may be file")],
)
def test_a_wrong_filter_says_what_it_may_be(three: OpenSession, typed: str, words: str) -> None:
    with pytest.raises(WrongFilter, match=words):
        found(three, typed)


@pytest.mark.parametrize(
    "typed", ['"', "a OR", "x* AND (", "'; DROP TABLE mails; --", "NEAR(", "from:", "&|!:*", "\x00", "😀"]
)
def test_nothing_that_is_typed_is_an_order_to_the_database(three: OpenSession, typed: str) -> None:
    found(three, typed)

    assert len(found(three, "")) == 3


def test_an_excerpt_shows_where_the_words_stand(three: OpenSession) -> None:
    with three.reading() as session:
        excerpts = search.excerpts(session, [1, 2, 3], "wils blue")

    assert list(excerpts) == [1]
    assert [piece for piece, is_hit in excerpts[1] if is_hit] == ["blue", "Wils"]
    assert "court 3" in "".join(piece for piece, _ in excerpts[1])
