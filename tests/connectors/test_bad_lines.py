"""A line that drops in mid-fetch, crawls, or goes silent: every mail comes in once all the same."""

import contextlib
import random
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import database, raw_mail, taken_in
from pydantic import SecretStr
from servers import Dovecot, free_port, why_not

from connectors import imap_line
from connectors.imap import ImapMailbox
from connectors.intake import MailboxDown
from connectors.settings import MailSettings
from db.models import Mail, Ticket

REASON = why_not("dovecot")
pytestmark = [pytest.mark.server, pytest.mark.skipif(bool(REASON), reason=REASON)]
MAILS = 40


class Line:
    """A TCP proxy to the IMAP server. Each connection ends after `drops_after` bytes from the server, if that is set;

    `pause`: seconds before each chunk; `silent`: nothing is passed on any more.
    """

    def __init__(self, to: int) -> None:
        self.to, self.port = to, free_port()
        self.drops_after: int | None = None
        self.pause = 0.0
        self.silent = False
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self.pump, args=(client,), daemon=True).start()

    def pump(self, client: socket.socket) -> None:
        passed, limit = 0, self.drops_after
        with client, socket.create_connection(("127.0.0.1", self.to)) as server, selectors.DefaultSelector() as ready:
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            with contextlib.suppress(OSError):
                while limit is None or passed < limit:
                    for key, _ in ready.select(1):
                        chunk = key.fileobj.recv(2000)  # type: ignore[union-attr]
                        if not chunk:
                            return
                        time.sleep(self.pause)
                        if self.silent:
                            continue
                        if key.data is client:
                            chunk = chunk[: None if limit is None else max(0, limit - passed)]
                            passed += len(chunk)
                        key.data.sendall(chunk)

    def close(self) -> None:
        self.listener.close()


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    with Dovecot({"office": "s3cret"}) as server:
        for i in range(MAILS):
            server.deliver(raw_mail(f"mail number {i}\r\n" + "words " * 300, message_id=f"{i}@x.example"))
        yield server


@pytest.fixture
def line(dovecot: Dovecot) -> Iterator[Line]:
    made = Line(dovecot.imap)
    yield made
    made.close()


def mailbox(line: Line) -> ImapMailbox:
    settings = {
        "host": "localhost",
        "port": line.port,
        "user": "office",
        "password": SecretStr("s3cret"),
        "security": "none",
        "idle_seconds": 1,
    }
    return ImapMailbox(MailSettings.model_validate(settings))


def test_a_line_that_drops_in_mid_fetch_loses_and_doubles_nothing(line: Line, tmp_path: Path) -> None:
    open_session, box, chance = database(tmp_path), mailbox(line), random.Random(3)
    fetched, drops = 0, 0
    while fetched < MAILS and drops < 200:
        line.drops_after = chance.randrange(300, 60_000) if drops < 15 else None
        try:
            while taken_in(open_session, box):
                pass
        except MailboxDown:
            drops += 1
            box.hang_up()
        with open_session.reading() as session:
            fetched = session.query(Mail).filter(Mail.ticket_id.is_not(None)).count()
    box.hang_up()

    with open_session.reading() as session:
        numbers = sorted(int(mail.text.split()[2]) for mail in session.query(Mail))
        assert numbers == list(range(MAILS))
        assert session.query(Ticket).count() == MAILS
    assert drops >= 5


def test_a_slow_line_is_waited_for(line: Line, tmp_path: Path) -> None:
    open_session, box = database(tmp_path), mailbox(line)
    line.pause = 0.02

    while taken_in(open_session, box):
        pass
    box.hang_up()

    with open_session.reading() as session:
        assert session.query(Ticket).count() == MAILS


def test_a_server_that_goes_silent_is_noticed_and_left(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap_line, "TIMEOUT", 6)
    open_session, box = database(tmp_path), mailbox(line)
    assert taken_in(open_session, box)

    def goes_on() -> None:
        for _ in range(10):
            taken_in(open_session, box)
            box.wait()

    line.silent = True
    with pytest.raises(MailboxDown):
        goes_on()
    line.silent = False
    while taken_in(open_session, box):
        pass
    box.hang_up()

    assert line.connections >= 2
    with open_session.reading() as session:
        assert session.query(Ticket).count() == MAILS
