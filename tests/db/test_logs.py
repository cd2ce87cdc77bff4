"""Logs say which ticket and which request they are about, and nothing of what stood in a mail."""

import contextvars
import json
import logging
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import IntegrityError

from db import logs
from db.loop import Loop
from db.models import Mail
from db.session import OpenSession


@pytest.fixture
def handler() -> Iterator[logging.Handler]:
    """A logger of our own with the house's handler, which keeps what it would print."""
    made = logging.StreamHandler(Kept())
    made.addFilter(logs.Named())
    made.setFormatter(logs.AsJson())
    logger = logging.getLogger("courtdesk.test")
    logger.addHandler(made)
    logger.setLevel("INFO")
    yield made
    logger.removeHandler(made)


class Kept:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, words: str) -> None:
        self.lines += [line for line in words.split("\n") if line]

    def flush(self) -> None: ...


def test_each_step_of_a_stage_names_its_own_ticket_and_forgets_it(handler: logging.StreamHandler[Kept]) -> None:
    steps = iter([7, 8, None])
    log, done = logging.getLogger("courtdesk.test"), threading.Event()

    def stage() -> bool:
        number = next(steps)
        if number is not None:
            logs.about(ticket=number)
        log.info("a step")
        done.set() if number is None else None
        return number is not None

    loop = Loop("test", stage, wait=lambda: loop.stop())
    contextvars.Context().run(loop.run)  # a thread begins with nothing known

    said = [json.loads(line) for line in handler.stream.lines]
    assert [one.get("ticket") for one in said] == ["7", "8", None]
    assert {"at", "level", "logger", "message"} <= said[0].keys()


def test_an_error_of_the_database_does_not_say_what_was_written(open_session: OpenSession) -> None:
    with open_session.reading() as session:
        session.add_all([Mail(raw=b"x", dedupe_key="one", text="my password is hunter2") for _ in range(2)])
        with pytest.raises(IntegrityError) as told:
            session.flush()
    assert "hunter2" not in str(told.value)
