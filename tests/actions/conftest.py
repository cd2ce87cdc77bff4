"""The sandbox club as a real server on loopback."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn

from actions.http import HttpClub, open_club
from actions.sandbox.app import create_app
from db.desk import DESKS


@dataclass
class Clock:
    """The club's time, which tests move."""

    moment: datetime

    def __call__(self) -> datetime:
        return self.moment


@dataclass
class Club:
    http: HttpClub
    clock: Clock
    url: str


@pytest.fixture
def club(tmp_path: Path) -> Iterator[Club]:
    clock = Clock(datetime.now(UTC))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = create_app(tmp_path / "club.db", "secret", DESKS / "tennis" / "sandbox.toml", clock)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    http = open_club(f"http://127.0.0.1:{port}", "secret", 5)
    yield Club(http, clock, f"http://127.0.0.1:{port}")
    http.client.close()
    server.should_exit = True
    thread.join(timeout=5)
