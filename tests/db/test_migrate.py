"""The migrations make what the models say, from nothing and from an older database."""

import contextlib
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import db.migrate
from db.migrate import BrokenReferences, migrate
from db.models import Base
from db.session import OpenSession, open_database


def at(tmp_path: Path, revision: str) -> OpenSession:
    open_session = open_database(f"sqlite:///{tmp_path}/desk.db")
    config = Config()
    config.set_main_option("script_location", str(Path(db.migrate.__file__).parent / "migrations"))
    with open_session.engine.connect().execution_options(writing=True) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    return open_session


def is_ours(name: str | None, kind: str, parents: object) -> bool:
    """The tables of FTS5 are made by the migration alone: no model stands for them."""
    return kind != "table" or "_words" not in (name or "")


def is_known(thing: object, name: str | None, kind: str, reflected: bool, other: object) -> bool:
    """PostgreSQL's columns and indexes of words are made by the migration alone."""
    return not (reflected and other is None and name is not None and (name == "words" or name.endswith("_words")))


def test_the_newest_schema_is_that_of_the_models(tmp_path: Path) -> None:
    open_session = at(tmp_path, "head")

    with open_session.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_server_default": False, "include_name": is_ours}
        )
        assert compare_metadata(context, Base.metadata) == []


def test_a_mail_of_the_first_version_is_kept(tmp_path: Path) -> None:
    open_session = at(tmp_path, "0001")
    with open_session() as session:
        session.execute(
            sa.text(
                "INSERT INTO mails (outgoing, mailbox, dedupe_key, raw, read, problem, kind, message_id, in_reply_to,"
                ' "references", date, from_name, from_email, reply_to, "to", subject, text, attachments, stored_at)'
                " VALUES (0, '', 'k', x'00', 1, '', 'person', '', '', '[]', '2026-01-01', '', '', '', '[]', 'Court', 'Hi',"
                " '[]', '2026-01-01')"
            )
        )

    migrate(open_session)

    with open_session() as session:
        assert session.execute(sa.text("SELECT subject, text, said FROM mails")).one() == ("Court", "Hi", "")


def test_each_step_can_be_taken_back_and_again(open_session: OpenSession) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(db.migrate.__file__).parent / "migrations"))
    with open_session.engine.connect().execution_options(writing=True) as connection:
        config.attributes["connection"] = connection
        steps = len(list(ScriptDirectory.from_config(config).walk_revisions()))
        for _ in range(steps):
            command.downgrade(config, "-1")
            command.upgrade(config, "+1")
            command.downgrade(config, "-1")
        left = set(sa.inspect(connection).get_table_names())
        command.upgrade(config, "head")
        connection.commit()
        context = MigrationContext.configure(
            connection, opts={"compare_server_default": False, "include_name": is_ours, "include_object": is_known}
        )
        assert compare_metadata(context, Base.metadata) == []

    assert left == {"alembic_version"}


def test_rows_that_point_at_nothing_are_named_and_the_database_stays_as_it_is(tmp_path: Path) -> None:
    open_session = at(tmp_path, "0020")
    with contextlib.closing(sqlite3.connect(tmp_path / "desk.db")) as stranger, stranger:
        stranger.execute("INSERT INTO tags (ticket_id, name) VALUES (7, 'vip')")

    with pytest.raises(BrokenReferences, match="tags"):
        migrate(open_session)

    with open_session() as session:
        assert session.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == "0020"
        assert session.execute(sa.text("PRAGMA foreign_keys")).scalar() == 1
