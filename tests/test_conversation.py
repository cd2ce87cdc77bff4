"""A conversation of three over real servers: customer, colleague in Cc, an auto-responder. One ticket, one thread."""

import imaplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from builders import QUESTION, database, taken_in, tennis
from pydantic import SecretStr
from servers import Dovecot, Sink, why_not

from connectors.imap import ImapMailbox
from connectors.replies import reply_next
from connectors.settings import MailSettings, SmtpSettings
from connectors.smtp import SmtpMailer
from db import decisions, tickets
from db.lifecycle import PROGRAM, Status
from db.session import OpenSession

REASON = why_not("dovecot")
pytestmark = [pytest.mark.server, pytest.mark.skipif(bool(REASON), reason=REASON)]
OFFICE, ANNA, BEN = "office@westpark.example", "anna@kowalczyk.example", "ben@kowalczyk.example"


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    with Dovecot({"office": "s3cret", "anna": "s3cret"}) as server:
        yield server


def letter(sender: str, number: int, text: str, *, answers: list[str], cc: str = "", **headers: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, OFFICE, "Court on Tuesday"
    mail["Date"], mail["Message-ID"] = f"Thu, 14 May 2026 09:{10 + number}:00 +0200", f"<{number}@kowalczyk.example>"
    if cc:
        mail["Cc"] = cc
    if answers:
        mail["In-Reply-To"], mail["References"] = f"<{answers[-1]}>", " ".join(f"<{one}>" for one in answers)
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


def answer(open_session: OpenSession, mailer: SmtpMailer) -> str:
    """A person signs, the reply leaves; its Message-ID."""
    with open_session() as session:
        ticket = tickets.get(session, 1)
        tickets.propose(session, ticket, QUESTION)
        decisions.approve(
            session, ticket, QUESTION, action=None, reply_to=ANNA, by="mia", seen=ticket.version, undo_seconds=0
        )
        tickets.move(session, ticket, Status.ACTED, actor=PROGRAM, seen=ticket.version)
    assert reply_next(open_session, tennis(), mailer)
    with open_session.reading() as session:
        return tickets.get(session, 1).mails[-1].message_id


def test_a_conversation_of_three_is_one_ticket_and_one_thread(dovecot: Dovecot, tmp_path: Path) -> None:
    open_session = database(tmp_path)
    settings = MailSettings.model_validate(
        {
            "host": "localhost",
            "port": dovecot.imap,
            "user": "office",
            "password": SecretStr("s3cret"),
            "security": "none",
        }
    )
    box = ImapMailbox(settings)

    def arrive(raw: bytes, *, keep: bool = True) -> None:
        dovecot.deliver(raw)
        if keep:
            dovecot.deliver(raw, "anna")  # her own copy
        while taken_in(open_session, box):
            pass

    with Sink(pass_on=dovecot) as sink:
        mailer = SmtpMailer(
            SmtpSettings.model_validate(
                {"host": "127.0.0.1", "port": sink.port, "security": "none", "SMTP_FROM": OFFICE}
            )
        )
        arrive(letter(ANNA, 1, "Is court 3 free?", answers=[], cc=BEN))
        first = answer(open_session, mailer)
        arrive(letter(BEN, 2, "Could we have court 4 instead?", answers=["1@kowalczyk.example", first], cc=ANNA))
        second = answer(open_session, mailer)
        away = letter(
            ANNA,
            3,
            "I am away until Monday.",
            answers=["1@kowalczyk.example", first, second],
            Auto_Submitted="auto-replied",
        )
        arrive(away, keep=False)
        arrive(
            letter(ANNA, 4, "Thanks, that fits.", answers=["1@kowalczyk.example", first, "2@kowalczyk.example", second])
        )
    box.hang_up()

    with open_session.reading() as session:
        assert [ticket.id for ticket in tickets.page(session)] == [1]
        ticket = tickets.get(session, 1)
        assert [mail.kind for mail in ticket.mails] == ["person", "own", "person", "own", "auto_reply", "person"]
        assert ticket.status == "received"  # her last mail waits for an answer, the auto-responder's did not
    with imaplib.IMAP4("localhost", dovecot.imap) as server:
        server.login("anna", "s3cret")
        server.select("INBOX", readonly=True)
        _, (found,) = server.thread("REFERENCES", "UTF-8", "ALL")
        _, (every,) = server.search(None, "ALL")
    assert len(every.split()) == 5
    assert found.count(b"(1 ") == 1
    assert threads_in(found.decode()) == 1


def threads_in(answered: str) -> int:
    """How many threads an answer of THREAD holds: parentheses at the outermost level."""
    depth = count = 0
    for letter_ in answered:
        depth += {"(": 1, ")": -1}.get(letter_, 0)
        count += letter_ == "(" and depth == 1
    return count
