"""News for open pages: one watcher a process looks for new events and wakes every stream."""

import asyncio
import threading
from collections.abc import AsyncIterator

from db import trail
from db.session import OpenSession

LOOK_SECONDS = 0.5
ALIVE_SECONDS = 20  # a comment now and then, so that proxies keep the line


class Watcher:
    """Knows the newest event's id. Streams wait on it without a thread or a database session of their own."""

    def __init__(self, open_session: OpenSession) -> None:
        self.open_session = open_session
        self.newest = 0
        self.streams: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self.stopping = threading.Event()

    def run(self) -> None:
        """The watcher's thread."""
        while not self.stopping.wait(LOOK_SECONDS):
            with self.open_session.reading() as session:
                newest = trail.newest(session)
            if newest != self.newest:
                self.newest = newest
                self.wake()

    def stop(self) -> None:
        self.stopping.set()
        self.wake()

    def wake(self) -> None:
        for loop, event in list(self.streams):
            loop.call_soon_threadsafe(event.set)

    async def news(self) -> AsyncIterator[str]:
        """Server-sent events: `tickets` whenever anything changed."""
        event = asyncio.Event()
        mine = (asyncio.get_running_loop(), event)
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
                if not self.stopping.is_set():
                    yield f"event: tickets\ndata: {self.newest}\n\n"
        finally:
            self.streams.discard(mine)
