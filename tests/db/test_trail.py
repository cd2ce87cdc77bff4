"""The trail shows every later change of it; the database refuses most of them."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db import trail
from db.lifecycle import Status
from db.models import Ticket
from db.session import OpenSession
from db.settings import kept_secret

KEY = b"a key"
GUARDS = ("events_are_kept", "events_stay_as_they_are", "seals_are_kept", "seals_stay_as_they_are")


def told(open_session: OpenSession, events: int = 5, key: bytes = KEY) -> None:
    with open_session() as session:
        ticket = Ticket(status=Status.RECEIVED)
        session.add(ticket)
        session.flush()
        for i in range(events):
            trail.write(session, ticket, "mail", actor="anna@kowalczyk.example", note=f"mail {i}")
    while trail.seal_next(open_session, key):
        pass


def unguard(session: Session) -> None:
    """As somebody would who owns the database."""
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    for guard in GUARDS:
        session.execute(text(f"DROP TRIGGER {guard}" + (f" ON {guard.partition('_')[0]}" if on_postgresql else "")))


def faults(open_session: OpenSession, head: str = "") -> list[str]:
    with open_session.reading() as session:
        return list(trail.faults(session, KEY, head))


def test_a_trail_as_it_was_written_holds(open_session: OpenSession) -> None:
    told(open_session)
    with open_session.reading() as session:
        sealed, head = trail.head_of(session)

    told(open_session)

    assert sealed == 5
    assert faults(open_session, head) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE events SET note = 'other' WHERE id = 2",
        "UPDATE events SET at = '2020-01-01' WHERE id = 2",
        "DELETE FROM events WHERE id = 2",
        "UPDATE seals SET hash = 'x' WHERE seq = 2",
        "DELETE FROM seals WHERE seq = 5",
    ],
)
def test_the_database_refuses_to_change_the_trail(open_session: OpenSession, change: str) -> None:
    told(open_session)

    with pytest.raises(DBAPIError, match="are never"), open_session() as session:
        session.execute(text(change))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE events SET note = 'other' WHERE id = 2", "Event 2 of ticket 1 was changed: its words"),
        ("UPDATE events SET new = 'approved' WHERE id = 2", "Event 2 of ticket 1 was changed"),
        ("UPDATE events SET at = '2020-01-01 00:00:00' WHERE id = 2", "Event 2 of ticket 1 was changed"),
        ("DELETE FROM events WHERE id = 2", "Event 2 is missing"),
        ("DELETE FROM seals WHERE seq = 2", "Seal 2 is missing"),
        ("UPDATE seals SET hash = 'x' WHERE seq = 2", "or the chain before it"),
    ],
)
def test_what_was_changed_behind_the_database_s_back_shows(open_session: OpenSession, change: str, words: str) -> None:
    told(open_session)
    with open_session() as session:
        unguard(session)
        session.execute(text(change))

    assert any(words in one for one in faults(open_session)), faults(open_session)


def test_an_end_that_was_cut_off_shows_by_the_head_that_was_noted(open_session: OpenSession) -> None:
    told(open_session)
    with open_session() as session:
        _, head = trail.head_of(session)
        unguard(session)
        session.execute(text("DELETE FROM seals WHERE seq > 3"))
        session.execute(text("DELETE FROM events WHERE id > 3"))

    assert faults(open_session) == []
    assert "cut off" in faults(open_session, head)[0]


def test_the_words_of_an_event_can_be_erased_and_the_chain_holds(open_session: OpenSession) -> None:
    told(open_session)
    with open_session() as session:
        session.execute(text("UPDATE events SET actor = '', note = '' WHERE id = 2"))

    assert faults(open_session) == []


def test_another_key_makes_another_chain(open_session: OpenSession) -> None:
    told(open_session, key=b"another key")

    assert len(faults(open_session)) == 5


def test_the_command_says_whether_the_trail_holds(open_session: OpenSession, tmp_path: Path) -> None:
    told(open_session, key=kept_secret("trail", tmp_path).encode())

    def run(*more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "db.verify_trail", *more],
            env={"DATABASE_URL": str(open_session.engine.url), "VAR_DIR": str(tmp_path), "PATH": ""},
            capture_output=True,
            text=True,
            check=False,
        )

    good, foreign = run(), run("--head", "0" * 64)

    assert (good.returncode, foreign.returncode) == (0, 1)
    assert good.stdout.startswith("The trail holds: 5 events, head ")
    assert "cut off" in foreign.stdout
