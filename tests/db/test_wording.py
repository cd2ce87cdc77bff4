"""What an admin says in the browser holds instead of the desk's file, and nothing else does."""

import pytest
from sqlalchemy import text

from db import wording
from db.desk import Desk
from db.session import OpenSession
from db.wording import Said, UnusableWording, Wording, read

FORM = {"title": " TC  Nord\r\nBcc: x ", "signature.de": "Gruß\r\nNora", "signature.fr": "Salut", "undo": "2,5"}


def test_what_is_left_empty_stays_as_the_file_says(open_session: OpenSession, desk: Desk) -> None:
    with open_session() as session:
        assert wording.current(session, desk) == desk
        wording.save(session, read(FORM, desk))

    with open_session.reading() as session:
        now = wording.current(session, desk)
        assert wording.load(session).undo_seconds == 2.5
    assert now.title == "TC Nord Bcc: x"  # on one line: it becomes a header
    assert now.signature == {**desk.signature, "de": "Gruß\nNora"}
    assert now.nothing_fits == desk.nothing_fits


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"title": "x" * 81}, "80 characters"),
        ({"signature.en": "x" * 2001}, "2000 characters"),
        ({"nothing_fits.de": "Hier: {reset_url}"}, "braces"),
        ({"undo": "soon"}, "0 to 3600"),
        ({"undo": "-1"}, "0 to 3600"),
        ({"undo": "nan"}, "0 to 3600"),
    ],
)
def test_what_cannot_be_said_is_refused(form: dict[str, str], words: str, desk: Desk) -> None:
    with pytest.raises(UnusableWording, match=words):
        read(form, desk)


def test_pages_see_it_at_once_when_they_are_told_and_soon_otherwise(open_session: OpenSession) -> None:
    said = Said()
    assert said.now(open_session) == Wording()
    with open_session() as session:
        wording.save(session, Wording(title="TC Nord"))
    assert said.now(open_session).title == ""
    said.forget()
    assert said.now(open_session).title == "TC Nord"


def test_a_database_that_is_away_leaves_what_was_known(open_session: OpenSession) -> None:
    said = Said(wording=Wording(title="TC Nord"))
    with open_session() as session:
        session.execute(text("ALTER TABLE desk_settings RENAME TO elsewhere"))
    try:
        assert said.now(open_session).title == "TC Nord"
    finally:
        with open_session() as session:
            session.execute(text("ALTER TABLE elsewhere RENAME TO desk_settings"))
