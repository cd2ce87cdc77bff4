"""The watcher wakes open pages when something happened, and holds nothing meanwhile."""

import asyncio
import threading

from dashboard.live import Watcher
from db import tickets
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
