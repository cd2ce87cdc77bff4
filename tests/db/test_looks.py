"""What the autopilot has not looked at is found at once, however many tickets are settled."""

import pytest
from sqlalchemy import event, insert

from db import looks
from db.models import Ticket
from db.session import OpenSession


def test_what_waits_to_be_looked_at_is_found_by_its_index(open_session: OpenSession) -> None:
    if open_session.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL weighs how many rows there are: make bench-load shows it with a million")
    rows = [
        {"status": "replied" if n < 3000 else "in_review", "subject": f"{n}", "category": "other"} for n in range(6000)
    ]
    with open_session() as session:
        session.execute(insert(Ticket), rows)
    with open_session.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    asked: list[tuple[str, object]] = []
    event.listen(
        open_session.engine,
        "before_cursor_execute",
        lambda c, u, statement, values, *_: asked.append((statement, values)),
    )

    with open_session() as session:
        assert looks.waiting(session, ["other"], unchecked=["other"]) is None  # they have no draft
        statement, values = asked[-1]
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()

    assert "ix_tickets_in_review" in str(plan)
