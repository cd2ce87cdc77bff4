"""News for open pages: one watcher a process looks for new events and wakes every stream."""

import asyncio
import threading
from collections.abc import AsyncIterator

from db import presence, trail
from db.bell import Bell
from db.session import OpenSession

ALIVE_SECONDS = 20  # a comment now and then, so that proxies keep the line


class Watcher:
    """Knows what is newest. Streams wait on it without a thread or a database session of their own."""

    def __init__(self, open_session: OpenSession) -> None:
        self.open_session = open_session
        self.latest = ("", "")  # of tickets, of who looks at them
        self.streams: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self.stopping = threading.Event()

    def run(self) -> None:
        """The watcher's thread."""
        bell = Bell(self.open_session)
        while not self.stopping.is_set():
            with self.open_session.reading() as session:
                news = f"{trail.newest(session)}", str(presence.stamp(session))
            if news != self.latest:
                self.latest = news
                self.wake()
            bell.wait()
        bell.hang_up()

    def stop(self) -> None:
        self.stopping.set()
        self.wake()

    def wake(self) -> None:
        for loop, event in list(self.streams):
            loop.call_soon_threadsafe(event.set)

    async def news(self) -> AsyncIterator[str]:
        """Server-sent events: `tickets` whenever any of them changed, `presence` when somebody came, went or began to type."""
        event = asyncio.Event()
        mine, told = (asyncio.get_running_loop(), event), self.latest
        self.streams.add(mine)
        try:
            yield "retry: 2000\n\n"
            while not self.stopping.is_set():
                try:
                    await asyncio.wait_for(event.wait(), ALIVE_SECONDS)
                except TimeoutError:
                    yield ": alive\n\n"
                    continue
                event.clear()
                for name, before, after in zip(("tickets", "presence"), told, self.latest, strict=True):
                    if before != after and not self.stopping.is_set():
                        yield f"event: {name}\ndata: {after}\n\n"
                told = self.latest
        finally:
            self.streams.discard(mine)
