"""A database of every version that landed, with rows in every table, becomes one of today with the same rows in it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

import db.migrate
from db import queue, tickets
from db.migrate import migrate
from db.models import Base
from db.queue import Query
from db.session import OpenSession

VERSIONS = sorted(path.name[:4] for path in Path(db.migrate.__file__).parent.glob("migrations/versions/0*.py"))
AT = datetime(2026, 5, 14, 9, 12)
STATED = {"status": "in_review", "role": "agent", "kind": "person", "state": "ok", "level": "unverified"}
OBJECTS = ("draft", "answer", "plan", "payload", "result", "scores", "said")  # JSON that holds no list
Rows = dict[str, list[dict[str, Any]]]


def value_for(column: sa.Column[Any], number: int) -> Any:
    """Something of its kind; rows of a table differ, and point at the row of the same number."""
    if column.foreign_keys:
        return number
    if column.name in STATED and isinstance(column.type, sa.String):
        return STATED[column.name]
    kinds: list[tuple[Any, Any]] = [
        (sa.Boolean, False),
        (sa.Integer, number),
        (sa.Numeric | sa.Double, 0.5),
        (sa.DateTime, AT if column.table.metadata.info["sqlite"] else AT.replace(tzinfo=UTC)),
        (sa.Date, AT.date()),
        (sa.LargeBinary, b"raw \x00 bytes"),
        (sa.JSON, {} if column.name in OBJECTS else []),
        (sa.String, f"{column.name} {number} ü"[: getattr(column.type, "length", None) or 60]),
    ]
    return next(value for kind, value in kinds if isinstance(column.type, kind))


def tables_of(session: Session) -> list[sa.Table]:
    found = sa.MetaData(info={"sqlite": session.get_bind().dialect.name == "sqlite"})
    found.reflect(session.connection())
    return [one for one in found.sorted_tables if "_words" not in one.name and one.name != "alembic_version"]


def fill(open_session: OpenSession) -> Rows:
    """Two rows in each table, as far as the version has it; what was stored, by table."""
    with open_session() as session:
        tables = tables_of(session)
        for table in tables:
            held = {column.name for key in table.foreign_key_constraints for column in key.columns}
            columns = [
                one
                for one in table.columns
                if not one.computed
                and one.name != "id"
                and (one.name not in held or not one.nullable or one.name == "ticket_id")
            ]
            session.execute(table.insert(), [{one.name: value_for(one, n) for one in columns} for n in (1, 2)])
    return stored(
        open_session, {table.name: [one.name for one in table.columns if not one.computed] for table in tables}
    )


def stored(open_session: OpenSession, wanted: dict[str, list[str]]) -> Rows:
    with open_session() as session:
        found = {table.name: table for table in tables_of(session)}
        return {
            name: [
                dict(row)
                for row in session.execute(
                    sa.select(*(found[name].c[one] for one in columns)).order_by(columns[0])
                ).mappings()
            ]
            for name, columns in wanted.items()
        }


@pytest.mark.parametrize("version", VERSIONS)
def test_an_upgrade_keeps_every_row(open_session: OpenSession, version: str) -> None:
    if version != VERSIONS[-1]:
        migrate(open_session, version)
    before = fill(open_session)
    assert before["tickets"]

    migrate(open_session)

    kept = {name: list(rows[0]) for name, rows in before.items()}
    assert stored(open_session, kept) == before
    with open_session() as session:
        for table in Base.metadata.sorted_tables:  # today's program reads what was stored then, and can add to it
            session.execute(sa.select(table)).all()
        assert len(queue.listed(session, Query(view="all"))) == 2
        tickets.open_by_hand(session, by="mia", subject="Court", body="Hello", from_email="anna@kowalczyk.example")
