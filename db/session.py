"""Opening the database: one way to write, one way to read."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

PATIENCE = 10  # seconds
MOST_AT_ONCE = 75  # connections beyond the pool: forty requests hold two each, and PostgreSQL has a hundred


class OpenSession:
    """Call it to write: the block is one transaction, kept if it ends well. `reading()` keeps nothing."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writing = engine.execution_options(writing=True)
        # SQLite has one writer, and those who wait look again after up to 100 ms: inside a process a lock is fairer.
        self._turn = threading.Lock() if engine.dialect.name == "sqlite" else None

    @contextmanager
    def __call__(self) -> Iterator[Session]:
        with self._in_turn(), Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Who waited too long goes on without the lock, and hears from SQLite what is the matter.

        A plain lock: a request may begin its transaction in one thread and end it in another.
        """
        taken = self._turn is not None and self._turn.acquire(timeout=PATIENCE)
        try:
            yield
        finally:
            if taken and self._turn is not None:
                self._turn.release()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session:
            yield session


def open_database(url: str) -> OpenSession:
    """Connect lazily; the folder of a SQLite file is made. Errors do not say what was to be written: they are logged."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return OpenSession(
            create_engine(parsed, pool_pre_ping=True, pool_size=10, max_overflow=MOST_AT_ONCE, hide_parameters=True)
        )
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    connecting = {"timeout": PATIENCE, "check_same_thread": False}
    engine = create_engine(
        parsed, connect_args=connecting, pool_size=20, max_overflow=MOST_AT_ONCE, hide_parameters=True
    )
    event.listen(engine, "connect", prepare_sqlite)
    event.listen(engine, "begin", begin_sqlite)
    return OpenSession(engine)


def prepare_sqlite(connection: Any, record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, below
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")


def begin_sqlite(connection: Connection) -> None:
    """A writer takes the lock at once: the default would lose updates between its read and its write."""
    writing = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
