"""Mails as rows: stored raw and once, before anybody reads them."""

import hashlib
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models import Cursor, Mail


def store_raw(session: Session, raw: bytes, *, mailbox: str, dedupe_key: str, outgoing: bool = False) -> Mail | None:
    """Keep the bytes; None where this mail is already here."""
    if session.scalar(select(Mail.id).where(Mail.dedupe_key == dedupe_key)) is not None:
        return None
    mail = Mail(raw=raw, mailbox=mailbox, dedupe_key=dedupe_key, outgoing=outgoing, read=outgoing)
    try:
        with session.begin_nested():
            session.add(mail)
    except IntegrityError:  # another process stored it in the same moment
        return None
    return mail


def dedupe_key(mailbox: str, message_id: str, content: bytes) -> str:
    """One mail, one key: the same Message-ID with other content is another mail."""
    parts = (mailbox.encode(), message_id.strip().encode(), hashlib.sha256(content).digest())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def next_unread(session: Session) -> Mail | None:
    """The oldest stored mail that nobody has parsed yet."""
    return session.scalar(select(Mail).where(Mail.read.is_(False)).order_by(Mail.id).limit(1))


def cursor_of(session: Session, mailbox: str) -> Cursor:
    cursor = session.get(Cursor, mailbox)
    if cursor is None:
        cursor = Cursor(mailbox=mailbox, uidvalidity=0, last_uid=0)
        session.add(cursor)
    return cursor


def known(session: Session, message_ids: Sequence[str]) -> Mail | None:
    """The newest mail among those that a reply names, to find its ticket."""
    named = select(Mail).where(Mail.message_id.in_(list(message_ids)), Mail.ticket_id.is_not(None))
    return session.scalar(named.order_by(Mail.id.desc()).limit(1))
