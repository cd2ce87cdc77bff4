"""A mail becomes a ticket: fetched, stored raw, then read. Nothing is lost between the steps."""

import email
import hashlib
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email import policy
from functools import partial
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from connectors import threads
from connectors.mail_parsing import Mail as ParsedMail
from connectors.mail_parsing import parse_mail
from connectors.settings import MailSettings
from connectors.spam import taken_for_spam
from db import mailboxes, mails, traces
from db.loop import TryLater
from db.markup import has_remote_images
from db.models import Mail
from db.session import OpenSession

log = logging.getLogger(__name__)
AT_ONCE = 500  # mails read in one go
TOGETHER, IN_MEMORY = 50, 8_000_000  # mails, and bytes of them, in one transaction
ONE_LINE = rb":[ \t]*([^\r\n]*)(?=\r?\n[^ \t\r\n]|\r?\n?\Z)"
MESSAGE_ID = re.compile(rb"^message-id" + ONE_LINE, re.IGNORECASE | re.MULTILINE)
FROM = re.compile(rb"^from" + ONE_LINE, re.IGNORECASE | re.MULTILINE)
ODD_LINE = re.compile(rb"^(?![!-9;-~]+:|[ \t])", re.MULTILINE)  # where a parser may stop
READING = threading.Lock()  # one thread of this process reads; the mailboxes' other threads go on fetching


class MailboxDown(TryLater):
    """The mailbox cannot be read now; the message says why. `sign_in`: it refuses us, which only a person can mend."""

    def __init__(self, words: str, *, sign_in: bool = False) -> None:
        super().__init__(words)
        self.sign_in = sign_in


@dataclass(frozen=True)
class Fetched:
    """One raw mail and where it lies, so that reading goes on behind it. `notice`: what of it was not fetched."""

    uidvalidity: int
    uid: int
    raw: bytes
    notice: str = ""


class Mailbox(Protocol):
    """A place that mail comes from."""

    @property
    def name(self) -> str: ...
    def fetch_after(self, uidvalidity: int, last_uid: int) -> Sequence[Fetched]:
        """The next mails behind the cursor in their order, some at a time; none where there are none. Raise MailboxDown."""

    def wait(self) -> None:
        """Return when there may be news. Raise MailboxDown."""


Parser = Callable[[Sequence[bytes]], Sequence[ParsedMail | str]]  # what each mail says, or why it cannot be read


def read_here(raws: Sequence[bytes]) -> list[ParsedMail | str]:
    """In this process, without limits."""
    return [parse_mail(raw) for raw in raws]


def take_in(open_session: OpenSession, mailbox: Mailbox) -> bool:
    """Store the next mails, unread. Return False when the mailbox holds nothing new."""
    with open_session.reading() as session:
        cursor = mails.cursor_of(session, mailbox.name)
        uidvalidity, last_uid = cursor.uidvalidity, cursor.last_uid
    try:
        found = mailbox.fetch_after(uidvalidity, last_uid)
    except MailboxDown as problem:
        with open_session() as session:
            mailboxes.report(session, mailbox.name, "failing", str(problem), sign_in=problem.sign_in)
        raise
    with open_session() as session:
        mailboxes.report(session, mailbox.name, "ok", f"reading {mailbox.name}")
        store(session, mailbox.name, found)
    return bool(found)


def store(session: Session, mailbox: str, found: Sequence[Fetched]) -> None:
    """Keep the raw mails and move the cursor, in one transaction."""
    if not found:
        return
    kept = mails.store_all(session, [(one.raw, key_of(mailbox, one.raw)) for one in found], mailbox=mailbox)
    for one, mail in zip(found, kept, strict=True):
        if mail is not None and one.notice:
            mail.notices = [one.notice]
    cursor = mails.cursor_of(session, mailbox)
    cursor.uidvalidity, cursor.last_uid = found[-1].uidvalidity, found[-1].uid


def key_of(mailbox: str, raw: bytes) -> str:
    """Sender and body make the content: what servers add on the way does not make another mail."""
    head = raw[:65536].split(b"\r\n\r\n", 1)[0].split(b"\n\n", 1)[0]
    is_sound = ODD_LINE.search(head) is None
    message_id, sender = (plain(head, header) if is_sound else None for header in (MESSAGE_ID, FROM))
    if message_id is None or sender is None:
        parsed = email.message_from_bytes(head, policy=policy.compat32)
        message_id, sender = str(parsed.get("Message-ID", "")), str(parsed.get("From", ""))
    body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
    return mails.dedupe_key(mailbox, message_id, sender.encode("utf-8", "replace") + body)


def plain(head: bytes, header: re.Pattern[bytes]) -> str | None:
    """The value of a header that stands on one line of ASCII, as a parser would read it; None where one is needed."""
    found = header.search(head)
    return found[1].decode("ascii") if found and found[1].isascii() else None


def read_next(open_session: OpenSession, parse: Parser, settings: MailSettings) -> bool:
    """Read the oldest stored mails. One that cannot be read is kept and named, and stops none of the others.

    Return False when there are none, or another mailbox's thread is reading them.
    """
    if not READING.acquire(blocking=False):
        return False
    try:
        return read_some(open_session, parse, settings)
    finally:
        READING.release()


def read_some(open_session: OpenSession, parse: Parser, settings: MailSettings) -> bool:
    """While some mails are stored, the next ones are read."""
    with open_session.reading() as session:
        waiting = mails.unread(session, AT_ONCE)
    with ThreadPoolExecutor(1) as ahead:
        for read in ahead.map(partial(said_or_reasons, open_session, parse), in_parts(waiting)):
            keep_all(open_session, read, settings)
    return bool(waiting)


def in_parts(waiting: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Numbers and sizes of mails become lists of numbers, each small enough for memory and one transaction."""
    parts: list[list[int]] = []
    room = 0
    for mail_id, size in waiting:
        if not parts or len(parts[-1]) == TOGETHER or size > room:
            parts.append([])
            room = IN_MEMORY
        parts[-1].append(mail_id)
        room -= size
    return parts


Read = Sequence[tuple[int, ParsedMail | str]]  # a mail's number, and what it says or why it cannot be read


def said_or_reasons(open_session: OpenSession, parse: Parser, mail_ids: Sequence[int]) -> Read:
    with open_session.reading() as session:
        raws = mails.raws(session, mail_ids)
    found = parse([raw for _, raw in raws])
    return [(mail_id, said_or_reason(one)) for (mail_id, _), one in zip(raws, found, strict=True)]


def keep_all(open_session: OpenSession, read: Read, settings: MailSettings) -> None:
    try:
        keep_together(open_session, read, settings)
    except SQLAlchemyError as error:
        if len(read) > 1:  # what one of them says cannot be stored; the others can
            log.exception("mails cannot be stored together: each for itself")
            for one in read:
                keep_all(open_session, [one], settings)
        else:
            words = f"What it says cannot be stored ({type(error).__name__})."
            keep_together(open_session, [(read[0][0], words)], settings)


def keep_together(open_session: OpenSession, read: Read, settings: MailSettings) -> None:
    """In one transaction, and with few statements: rows are written together at its end."""
    began = time.perf_counter()
    with open_session() as session, session.no_autoflush:
        stored = {mail.id: mail for mail in mails.to_fill(session, [mail_id for mail_id, _ in read])}
        parsed = [found for _, found in read if not isinstance(found, str)]
        known = mails.Known(session, [name for one in parsed for name in threads.named_by(one)])
        contents: dict[str, bytes] = {}
        for mail_id, found in read:
            if mail_id in stored:  # else another process was first
                keep(session, stored[mail_id], found, known, contents, settings)
        mails.keep_attachments(session, contents)
        taken_in = of_tickets(session, stored.values()) if traces.ON else []
    for ticket_id, begins, kind in taken_in:
        seconds = (time.perf_counter() - began) / len(taken_in)
        traces.record("mail", seconds, {"courtdesk.kind": kind}, ticket=ticket_id, begins=begins)


def of_tickets(session: Session, stored: Iterable[Mail]) -> list[tuple[int, bool, str]]:
    """Of each mail that has one: its ticket, whether that begins with it, and what kind of mail it is."""
    session.flush()
    found = [(mail.ticket_id, mail.id, mail.kind) for mail in stored if mail.ticket_id is not None]
    first = mails.first_of(session, [ticket_id for ticket_id, _, _ in found])
    return [(ticket_id, mail_id in first, kind) for ticket_id, mail_id, kind in found]


def said_or_reason(found: ParsedMail | str) -> ParsedMail | str:
    if isinstance(found, str) or found.readable:
        return found
    return "It has no headers, or neither a sender nor any text."


def keep(
    session: Session,
    mail: Mail,
    found: ParsedMail | str,
    known: mails.Known,
    contents: dict[str, bytes],
    settings: MailSettings,
) -> None:
    mail.read = True
    if isinstance(found, str):
        mail.problem = found
        log.warning("mail %s cannot be read: %s", mail.id, found)
        return
    contents |= note(mail, found, settings)
    spam = taken_for_spam(found.headers, settings.authserv_id)
    threads.assign(session, mail, found, known, spam=spam, group_senders=settings.group_senders)
    known.add(mail)
    log.info("mail %s taken in", mail.id)


SAME = (
    "message_id", "in_reply_to", "date", "from_name", "from_email", "reply_to", "subject", "text", "said", "older", "kind",
    "html", "hidden", "orders",
)  # fmt: skip


def note(mail: Mail, parsed: ParsedMail, settings: MailSettings) -> dict[str, bytes]:
    """Write down what the mail says; the contents of its attachments by SHA-256, as far as the settings keep them."""
    for name in SAME:
        setattr(mail, name, getattr(parsed, name))
    mail.has_html, mail.remote_images = bool(parsed.html), has_remote_images(parsed.html)
    mail.identity, mail.identity_words = parsed.identity.level, parsed.identity.words
    mail.references, mail.to, mail.cc = list(parsed.references), list(parsed.to), list(parsed.cc)
    listed, left_out, contents = [], 0, {}
    for number, one in enumerate(parsed.attachments):
        kept = one.size <= settings.largest_attachment and number < settings.most_attachments
        left_out += not kept
        digest = hashlib.sha256(one.content).hexdigest() if kept else ""
        if kept:
            contents[digest] = one.content
        listed.append({"name": one.name, "type": one.type, "size": one.size, "cid": one.cid, "sha256": digest})
    mail.attachments = listed
    words = [f"{left_out} of its attachments are too large or too many to be kept apart; the original has them."]
    mail.notices = [*(mail.notices or []), *parsed.problems, *(words if left_out else [])]
    return contents
