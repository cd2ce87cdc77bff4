"""A desk moves from SQLite to PostgreSQL with every row, finds its words there, and goes on counting."""

import contextlib
import sqlite3
from pathlib import Path

import pytest
from builders import QUESTION, database, raw_mail, taken_in
from fakes import FakeMailbox
from sqlalchemy import select, text

from db import decisions, desk_settings, knowledge, people, queue, tickets
from db.copy import CannotCopy, copy
from db.models import Base, Mail, Ticket
from db.queue import Query
from db.session import OpenSession, open_database


def lived_in(folder: Path) -> OpenSession:
    """A desk with some of everything."""
    open_session = database(folder)
    mailbox = FakeMailbox(
        [raw_mail(body=f"My racket number {n} is gone. Ümläut 🎾", more=f"X-N: {n}\r\n") for n in range(3)]
    )
    while taken_in(open_session, mailbox):
        pass
    with open_session() as session:
        people.add_person(session, "mia@club.example", "correct horse")
        desk_settings.store(session, "x", {"words": "a\0b", "many": ["c\0"]})
        knowledge.write(session, title="Rackets", body="Ask at the desk.", by="mia")
        ticket = tickets.get(session, 1)
        tickets.propose(session, ticket, QUESTION, confidence=0.5)
        decisions.approve(
            session,
            ticket,
            QUESTION,
            action=None,
            reply_to="a@b.example",
            by="mia",
            seen=ticket.version,
            undo_seconds=60,
        )
    return open_session


def rows_of(open_session: OpenSession) -> dict[str, list[tuple[object, ...]]]:
    with open_session.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in Base.metadata.sorted_tables
        }


@pytest.mark.server
def test_every_row_arrives_and_the_desk_goes_on(tmp_path: Path, on_postgres: OpenSession) -> None:
    source = lived_in(tmp_path)

    counts = copy(source, on_postgres, tell=lambda _: None)

    before, after = rows_of(source), rows_of(on_postgres)
    assert counts["mails"] == 3
    before["desk_settings"] = [("x", {"words": "ab", "many": ["c"]})]
    assert after == before
    with on_postgres() as session:
        found = queue.listed(session, Query(view="all", words="racket"))
        assert [one.id for one in found] == [3, 2, 1]
        made = tickets.open_by_hand(session, by="mia", subject="x", body="y", from_email="a@b.example")
        assert made.id == 4
    with on_postgres() as session:
        ticket = tickets.get(session, 1)
        decisions.withdraw(session, ticket, by="mia", seen=ticket.version)


def test_what_is_not_empty_or_not_of_this_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    source = lived_in(tmp_path)
    target = open_database(f"sqlite:///{tmp_path / 'new.db'}")
    copy(source, target, tell=lambda _: None)
    assert rows_of(target)["mails"] == rows_of(source)["mails"]
    with pytest.raises(CannotCopy, match=r"not empty: .*tickets"):
        copy(source, target)

    with source() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(CannotCopy, match="schema 0001"):
        copy(source, open_database(f"sqlite:///{tmp_path / 'third.db'}"))


def test_what_breaks_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    source = lived_in(tmp_path)
    source.engine.dispose()
    with contextlib.closing(sqlite3.connect(tmp_path / "test.db")) as damaged:  # it looks after no foreign keys
        damaged.execute("DELETE FROM tickets WHERE id = 3")
        damaged.commit()
    target = open_database(f"sqlite:///{tmp_path / 'new.db'}")

    with pytest.raises(Exception, match="FOREIGN KEY"):
        copy(source, target, tell=lambda _: None)

    with target.reading() as session:
        assert session.query(Mail).count() == session.query(Ticket).count() == 0
