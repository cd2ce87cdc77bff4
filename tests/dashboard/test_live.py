"""The watcher wakes open pages when something happened, and holds nothing meanwhile."""

import asyncio
import threading

import pytest
from sqlalchemy import text

from dashboard.live import Watcher
from db import tickets
from db.bell import Bell
from db.session import OpenSession


def test_a_stream_hears_of_a_new_ticket(open_session: OpenSession) -> None:
    watcher = Watcher(open_session)
    thread = threading.Thread(target=watcher.run)

    async def listen() -> list[str]:
        stream = watcher.news()
        heard = [await anext(stream)]
        with open_session() as session:
            tickets.open_by_hand(session, by="mia", subject="x", body="y", from_email="a@b.example")
        heard.append(await asyncio.wait_for(anext(stream), 10))
        await stream.aclose()
        return heard

    thread.start()
    try:
        heard = asyncio.run(listen())
    finally:
        watcher.stop()
        thread.join()

    assert heard[1].startswith("event: tickets\n")
    assert watcher.streams == set()


@pytest.mark.server
def test_postgresql_tells_it_at_once(on_postgres: OpenSession) -> None:
    bell = Bell(on_postgres, patience=600.0)  # it does not look by itself
    bell.listening()
    waiting = threading.Thread(target=bell.wait)
    waiting.start()
    with on_postgres() as session:
        tickets.open_by_hand(session, by="mia", subject="x", body="y", from_email="a@b.example")

    waiting.join(30)
    assert not waiting.is_alive()
    bell.hang_up()


@pytest.mark.server
def test_a_line_that_broke_is_opened_again(on_postgres: OpenSession) -> None:
    bell = Bell(on_postgres, look=0.01)
    broken = bell.listening()
    with on_postgres() as session:
        session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": broken.info.backend_pid})

    bell.wait()
    assert bell.line is None
    assert bell.listening() is not broken
    bell.hang_up()
