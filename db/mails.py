"""Mails as rows: stored raw and once, before anybody reads them."""

import hashlib
from collections.abc import Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models import Attachment, Cursor, Mail


def store_all(session: Session, raws: Sequence[tuple[bytes, str]], *, mailbox: str) -> list[Mail | None]:
    """Keep incoming mails, each with its dedupe key; None in the place of one that is already here."""
    keys = [key for _, key in raws]
    here = set(session.scalars(select(Mail.dedupe_key).where(Mail.dedupe_key.in_(keys))))
    stored: list[Mail | None] = []
    for raw, key in raws:
        stored.append(None if key in here else Mail(raw=raw, mailbox=mailbox, dedupe_key=key))
        here.add(key)
    session.add_all([mail for mail in stored if mail is not None])
    return stored


class NoSuchMail(Exception):
    """There is no mail with that number."""


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


def keep_attachment(session: Session, content: bytes) -> str:
    """Keep the content, once; returns its SHA-256."""
    digest = hashlib.sha256(content).hexdigest()
    if session.get(Attachment, digest) is None:
        try:
            with session.begin_nested():
                session.add(Attachment(sha256=digest, content=content))
        except IntegrityError:  # another process kept it in the same moment
            pass
    return digest


def unread(session: Session, most: int) -> Sequence[Mail]:
    """The oldest stored mails that nobody has parsed yet."""
    return session.scalars(select(Mail).where(Mail.read.is_(False)).order_by(Mail.id).limit(most)).all()


def unreadable(session: Session) -> Sequence[Mail]:
    """Mails that could not be read, newest first."""
    return session.scalars(select(Mail).where(Mail.problem != "").order_by(Mail.id.desc()).limit(200)).all()


def unreadable_count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Mail).where(Mail.problem != "")) or 0


def read_again(session: Session, mail_id: int) -> None:
    """Let an unreadable mail be read once more. Raise NoSuchMail."""
    mail = get(session, mail_id)
    if mail.problem:
        mail.problem, mail.read = "", False


def named(session: Session, mail_ids: Sequence[int]) -> Sequence[Mail]:
    """Those mails, asked for together."""
    return session.scalars(select(Mail).where(Mail.id.in_(mail_ids))).all()


def get(session: Session, mail_id: int) -> Mail:
    mail = session.get(Mail, mail_id)
    if mail is None:
        raise NoSuchMail(f"There is no mail {mail_id}.")
    return mail


def cursor_of(session: Session, mailbox: str) -> Cursor:
    cursor = session.get(Cursor, mailbox)
    if cursor is None:
        cursor = Cursor(mailbox=mailbox, uidvalidity=0, last_uid=0)
        session.add(cursor)
    return cursor


def known(session: Session, message_ids: Sequence[str]) -> Mail | None:
    """The newest mail among those that a reply names, to find its ticket."""
    named = [one for one in message_ids if one]
    if not named:
        return None
    found = select(Mail).where(Mail.message_id.in_(named), Mail.ticket_id.is_not(None))
    return session.scalar(found.order_by(Mail.id.desc()).limit(1))


def with_token(session: Session, tokens: Sequence[str]) -> Mail | None:
    """The newest mail of ours whose Message-ID holds one of the tokens."""
    if not tokens:
        return None
    ours = select(Mail).where(
        Mail.outgoing, Mail.ticket_id.is_not(None), or_(*(Mail.message_id.contains(one) for one in tokens))
    )
    return session.scalar(ours.order_by(Mail.id.desc()).limit(1))
