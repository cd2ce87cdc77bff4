"""On SQLite writing takes turns, whichever threads begin and end it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from builders import database
from sqlalchemy import text

from db.session import OpenSession


@pytest.fixture
def open_session(tmp_path: Path) -> OpenSession:
    return database(tmp_path)


def test_a_transaction_may_end_in_another_thread_than_it_began_in(open_session: OpenSession) -> None:
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        opened = open_session()
        session = one.submit(opened.__enter__).result()
        one.submit(session.execute, text("INSERT INTO cursors VALUES ('a', 1, 1)")).result()
        other.submit(opened.__exit__, None, None, None).result()

    with open_session() as session:
        assert session.execute(text("SELECT count(*) FROM cursors")).scalar() == 1


def test_many_who_write_at_once_lose_nothing(open_session: OpenSession) -> None:
    with open_session() as session:
        session.execute(text("INSERT INTO cursors VALUES ('a', 0, 0)"))
    ready = threading.Barrier(8)

    def add() -> None:
        ready.wait()
        for _ in range(10):
            with open_session() as session:
                before = session.execute(text("SELECT last_uid FROM cursors")).scalar_one()
                session.execute(text("UPDATE cursors SET last_uid = :n"), {"n": before + 1})

    with ThreadPoolExecutor(8) as many:
        for done in [many.submit(add) for _ in range(8)]:
            done.result()

    with open_session.reading() as session:
        assert session.execute(text("SELECT last_uid FROM cursors")).scalar() == 80
