"""The whole desk among real servers: Dovecot, an SMTP sink that delivers into it, the club, the real model."""

import contextlib
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import httpx
from servers import App, Dovecot, Sink, sandbox

from db import people, tickets
from db.models import Ticket
from db.session import open_database

CUSTOMER = "oliver@finch.example"  # a member of the demo club, user name dropshot
MAIL = (
    b"Authentication-Results: mx.westpark.example; dmarc=pass header.from=finch.example\r\n"
    b"From: Oliver Finch <oliver@finch.example>\r\nTo: office@westpark.example\r\nSubject: Login\r\n"
    b"Message-ID: <login-1@finch.example>\r\nReferences: <older@finch.example>\r\n"
    b"Date: Thu, 14 May 2026 09:12:00 +0200\r\n\r\n"
    b"Hello,\r\n\r\nI forgot my password and cannot log in any more. My user name is dropshot. "
    b"Could you send me a link to set a new one?\r\n\r\nThanks\r\nOliver Finch\r\n"
)


@dataclass
class Town:
    app: App
    dovecot: Dovecot
    sink: Sink
    club: Path

    @property
    def database(self) -> str:
        return f"sqlite:///{self.app.var / 'desk.db'}"

    def ticket(self) -> Ticket | None:
        with open_database(self.database).reading() as session:
            return next(iter(tickets.page(session)), None)

    def wait(self, status: str, seconds: float = 180) -> Ticket:
        return self.wait_for(lambda ticket: ticket.status == status, seconds)

    def wait_for(self, fine: Callable[[Ticket], bool], seconds: float = 180) -> Ticket:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(Exception):
                ticket = self.ticket()
                if ticket is not None and fine(ticket):
                    return ticket
            time.sleep(0.02)
        log = (self.app.var / "app.log").read_text()[-3000:]
        raise TimeoutError(f"The ticket is {getattr(self.ticket(), 'status', 'not there')}.\n{log}")

    def approve(self, ticket: Ticket) -> httpx.Response:
        with open_database(self.database)() as session:
            key = people.add_key(session, f"test {time.monotonic()}", ["approvals:write"])
        return httpx.post(
            f"{self.app.address}/api/tickets/{ticket.id}/approval",
            json={"seen": ticket.version},
            headers={"Authorization": f"Bearer {key}"},
            timeout=30,
        )

    def effects(self) -> list[dict[str, Any]]:
        """What was really done in the club, read from its own database."""
        with contextlib.closing(sqlite3.connect(self.club)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute("SELECT * FROM effects")]

    def inbox(self, user: str) -> list[Message]:
        """What lies in a customer's own mailbox."""
        files = [
            path for name in ("new", "cur") for path in (self.dovecot.root / "mail" / user / "Maildir" / name).glob("*")
        ]
        return [message_from_bytes(path.read_bytes()) for path in sorted(files)]


@contextlib.contextmanager
def town(folder: Path, **settings: str) -> Iterator[Town]:
    """Start every server; the desk itself is started by the test."""
    with (
        Dovecot({"office": "s3cret", "oliver": "s3cret"}) as dovecot,
        Sink(pass_on=dovecot) as sink,
        sandbox(folder / "club") as (club_url, token),
        tempfile.TemporaryDirectory(prefix="cd") as var,
    ):
        values = {
            "MAIL_HOST": "127.0.0.1", "MAIL_PORT": str(dovecot.imap), "MAIL_USER": "office", "MAIL_PASSWORD": "s3cret",
            "MAIL_SECURITY": "none", "MAIL_AUTHSERV_ID": "mx.westpark.example", "MAIL_IDLE_SECONDS": "2", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(sink.port),
            "SMTP_SECURITY": "none", "SMTP_FROM": "office@westpark.example", "ACTIONS_URL": club_url, "ACTIONS_TOKEN": token,
            "ADMIN_EMAIL": "mia@westpark.example", "ADMIN_PASSWORD": "correct horse", "UNDO_SECONDS": "1",
        }  # fmt: skip
        app = App({**values, **settings}, Path(var))
        try:
            yield Town(app, dovecot, sink, folder / "club" / "club.db")
        finally:
            app.stop()
