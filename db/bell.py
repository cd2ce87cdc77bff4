"""Whoever waits for news hears of them at once: LISTEN and NOTIFY of PostgreSQL; with SQLite one looks now and then.

A bell says only that something changed, never what: the news themselves are read from the tables.
"""

import logging
import time
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.session import OpenSession

CHANNEL = "courtdesk"
log = logging.getLogger(__name__)


def ring(session: Session) -> None:
    """Heard when this transaction is kept, once however often it is rung in it."""
    if session.get_bind().dialect.name == "postgresql" and not session.info.get(CHANNEL):
        session.info[CHANNEL] = True
        session.execute(text(f"SELECT pg_notify('{CHANNEL}', '')"))


@dataclass
class Bell:
    """One listener; for one thread."""

    open_session: OpenSession
    look: float = 0.5  # seconds between two looks where nothing rings
    patience: float = 5.0  # where it does: what no change of a row brings, such as somebody's silence, is seen then
    line: Any = field(default=None, init=False)  # a connection of its own, out of no pool

    def wait(self) -> None:
        """Until there may be news."""
        if self.open_session.engine.dialect.name != "postgresql":
            time.sleep(self.look)
            return
        try:
            for _ in self.listening().notifies(timeout=self.patience, stop_after=1):
                return
        except self.open_session.engine.dialect.loaded_dbapi.Error as problem:
            log.warning("news are looked for now and then: %s", problem)
            self.hang_up()
            time.sleep(self.look)

    def listening(self) -> Any:
        if self.line is None:
            engine = self.open_session.engine
            args, stated = engine.dialect.create_connect_args(engine.url)
            self.line = engine.dialect.loaded_dbapi.connect(*args, **stated, autocommit=True)
            self.line.execute(f"LISTEN {CHANNEL}")
        return self.line

    def hang_up(self) -> None:
        line, self.line = self.line, None
        if line is not None:
            line.close()
