"""A mail becomes a ticket: fetched, stored raw, then read. Nothing is lost between the steps."""

import email
import logging
from dataclasses import dataclass
from email import policy
from typing import Protocol

from sqlalchemy.orm import Session

from connectors.mail_parsing import Mail as ParsedMail
from connectors.mail_parsing import UnreadableMail, parse_mail
from db import mails, outbox, parts, tickets, trail
from db.lifecycle import PROGRAM, Status
from db.models import Mail, Ticket
from db.session import OpenSession

log = logging.getLogger(__name__)


class MailboxDown(Exception):
    """The mailbox cannot be read now; the message says why."""


@dataclass(frozen=True)
class Fetched:
    """One raw mail and where it lies, so that reading goes on behind it."""

    uidvalidity: int
    uid: int
    raw: bytes


class Mailbox(Protocol):
    """A place that mail comes from. Nothing in it is ever changed or deleted."""

    @property
    def name(self) -> str: ...
    def fetch_after(self, uidvalidity: int, last_uid: int) -> Fetched | None:
        """The next mail behind the cursor, or None. Raise MailboxDown."""

    def wait(self) -> None:
        """Return when there may be news. Raise MailboxDown."""


def take_in(open_session: OpenSession, mailbox: Mailbox) -> bool:
    """Store and read one mail. Return False when the mailbox holds nothing new."""
    with open_session() as session:
        if read_next(session):
            return True
        cursor = mails.cursor_of(session, mailbox.name)
        uidvalidity, last_uid = cursor.uidvalidity, cursor.last_uid
    try:
        fetched = mailbox.fetch_after(uidvalidity, last_uid)
    except MailboxDown as problem:
        with open_session() as session:
            parts.report(session, "mail", "failing", str(problem))
        raise
    with open_session() as session:
        parts.report(session, "mail", "ok", f"reading {mailbox.name}")
        if fetched is not None:
            store(session, mailbox.name, fetched)
    return fetched is not None


def store(session: Session, mailbox: str, fetched: Fetched) -> None:
    """Keep the raw mail and move the cursor, in one transaction."""
    cursor = mails.cursor_of(session, mailbox)
    cursor.uidvalidity, cursor.last_uid = fetched.uidvalidity, fetched.uid
    mails.store_raw(session, fetched.raw, mailbox=mailbox, dedupe_key=key_of(mailbox, fetched.raw))


def key_of(mailbox: str, raw: bytes) -> str:
    """Sender and body make the content: what servers add on the way does not make another mail."""
    head = email.message_from_bytes(raw[:65536].split(b"\r\n\r\n", 1)[0].split(b"\n\n", 1)[0], policy=policy.compat32)
    body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
    return mails.dedupe_key(
        mailbox, str(head.get("Message-ID", "")), str(head.get("From", "")).encode("utf-8", "replace") + body
    )


def read_next(session: Session) -> bool:
    """Read the oldest stored mail. One that cannot be read becomes a ticket that says so."""
    mail = mails.next_unread(session)
    if mail is None:
        return False
    mail.read = True
    try:
        parsed = parse_mail(mail.raw)
    except UnreadableMail as problem:
        mail.problem = str(problem)
        ticket = Ticket(
            subject="A mail that cannot be read", problem=f"This mail cannot be read: {problem}", needs_human=True
        )
        session.add(ticket)
        session.flush()
        mail.ticket_id = ticket.id
        tickets.move(session, ticket, Status.IN_REVIEW, actor=PROGRAM, seen=ticket.version, note="unreadable")
        return True
    note(mail, parsed)
    assign(session, mail, parsed)
    log.info("mail %s taken in as ticket %s", mail.id, mail.ticket_id)
    return True


def note(mail: Mail, parsed: ParsedMail) -> None:
    for name in (
        "message_id",
        "in_reply_to",
        "date",
        "from_name",
        "from_email",
        "reply_to",
        "subject",
        "text",
        "said",
        "kind",
    ):
        setattr(mail, name, getattr(parsed, name))
    mail.references, mail.to = list(parsed.references), list(parsed.to)
    mail.attachments = [{"name": a.name, "type": a.type, "size": a.size} for a in parsed.attachments]


def assign(session: Session, mail: Mail, parsed: ParsedMail) -> None:
    """Join the ticket that the mail answers, if its sender is a party to it; else open a new one."""
    before = mails.known(session, [parsed.in_reply_to, *parsed.references])
    ticket = tickets.get(session, before.ticket_id) if before and before.ticket_id else None
    if ticket is not None and (parsed.from_email == ticket.from_email or not parsed.wants_an_answer):
        mail.ticket_id = ticket.id
        trail.write(session, ticket.id, "mail", actor=parsed.from_email or PROGRAM, note=parsed.kind)
        if parsed.wants_an_answer:
            take_up_again(session, ticket)
        return
    ticket = Ticket(
        subject=parsed.subject, from_name=parsed.from_name, from_email=parsed.from_email, received_at=parsed.date
    )
    session.add(ticket)
    session.flush()
    mail.ticket_id = ticket.id
    trail.write(
        session, ticket.id, "mail", actor=parsed.from_email or PROGRAM, new=Status.RECEIVED.value, note=parsed.kind
    )
    if not parsed.wants_an_answer:
        tickets.move(
            session,
            ticket,
            Status.DISMISSED,
            actor=PROGRAM,
            seen=ticket.version,
            note=f"written by a machine ({parsed.kind})",
        )


def take_up_again(session: Session, ticket: Ticket) -> None:
    """The customer wrote again: what was proposed is no longer the answer. What has begun is finished first."""
    status = Status(ticket.status)
    if status is Status.APPROVED and not outbox.withdraw(session, ticket):
        return
    if status in (Status.ACTED, Status.STUCK, Status.RECEIVED):
        return
    ticket.failures, ticket.draft_after = 0, None
    tickets.move(session, ticket, Status.RECEIVED, actor=PROGRAM, seen=ticket.version, note="the customer wrote again")
