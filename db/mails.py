"""Mails as rows: stored raw and once, before anybody reads them."""

import hashlib
from collections.abc import Mapping, Sequence

from sqlalchemy import func, literal_column, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload, load_only

from db.models import Attachment, Cursor, Mail, Ticket


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


def keep_attachments(session: Session, contents: Mapping[str, bytes]) -> None:
    """Keep each content once, under its SHA-256 in hex; another process may keep the same in the same moment."""
    here = set(session.scalars(select(Attachment.sha256).where(Attachment.sha256.in_(contents))))
    new = [{"sha256": digest, "content": content} for digest, content in contents.items() if digest not in here]
    if new:
        is_sqlite = session.get_bind().dialect.name == "sqlite"
        insert = sqlite.insert(Attachment) if is_sqlite else postgresql.insert(Attachment)
        session.execute(insert.on_conflict_do_nothing(), new)


def unread(session: Session, most: int) -> Sequence[tuple[int, int]]:
    """Numbers of the oldest stored mails that nobody has parsed yet, and how many bytes each has."""
    found = select(Mail.id, func.length(Mail.raw)).where(Mail.read.is_(False)).order_by(Mail.id).limit(most)
    return session.execute(found).all()


def content_of(session: Session, sha256: str) -> bytes:
    return session.get_one(Attachment, sha256).content


def raws(session: Session, mail_ids: Sequence[int]) -> Sequence[tuple[int, bytes]]:
    return session.execute(select(Mail.id, Mail.raw).where(Mail.id.in_(mail_ids)).order_by(Mail.id)).all()


def first_of(session: Session, ticket_ids: Sequence[int]) -> set[int]:
    """The mails that these tickets begin with."""
    return set(
        session.scalars(select(func.min(Mail.id)).where(Mail.ticket_id.in_(ticket_ids)).group_by(Mail.ticket_id))
    )


def unreadable(session: Session) -> Sequence[Mail]:
    """Mails that could not be read, newest first."""
    return session.scalars(
        select(Mail).where(Mail.problem != literal_column("''")).order_by(Mail.id.desc()).limit(200)
    ).all()


def unreadable_count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Mail).where(Mail.problem != literal_column("''"))) or 0


def read_again(session: Session, mail_id: int) -> None:
    """Let an unreadable mail be read once more. Raise NoSuchMail."""
    mail = get(session, mail_id)
    if mail.problem:
        mail.problem, mail.read = "", False


def to_fill(session: Session, mail_ids: Sequence[int]) -> Sequence[Mail]:
    """Those of the mails that nobody has read or is reading, held until the transaction ends.

    Asked for together, and without what is about to be written: rows that set the same columns are written together.
    """
    known = load_only(Mail.id, Mail.read, Mail.mailbox, Mail.stored_at, Mail.notices)
    wanted = select(Mail).where(Mail.id.in_(mail_ids), Mail.read.is_(False)).order_by(Mail.id)
    return session.scalars(wanted.options(known).with_for_update(skip_locked=True)).all()


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


class Known:
    """The mails that some new mails name, asked for together; the new ones become known one after the other."""

    def __init__(self, session: Session, message_ids: Sequence[str]) -> None:
        wanted = {one for one in message_ids if one}
        found = select(Mail).where(Mail.message_id.in_(wanted), Mail.ticket_id.is_not(None)).order_by(Mail.id)
        only = (load_only(Mail.message_id, Mail.ticket_id), joinedload(Mail.ticket))
        rows = session.scalars(found.options(*only)) if wanted else ()
        self.mails = {mail.message_id: mail for mail in rows}

    def add(self, mail: Mail) -> None:
        if mail.message_id:
            self.mails[mail.message_id] = mail

    def ticket(self, message_ids: Sequence[str]) -> Ticket | None:
        """Of the newest among the mails that a reply names."""
        named = [self.mails[one] for one in message_ids if one in self.mails]
        return max(named, key=lambda mail: mail.id).ticket if named else None


def with_token(session: Session, tokens: Sequence[str]) -> Mail | None:
    """The newest mail of ours whose Message-ID holds one of the tokens."""
    if not tokens:
        return None
    ours = select(Mail).where(
        Mail.outgoing, Mail.ticket_id.is_not(None), or_(*(Mail.message_id.contains(one) for one in tokens))
    )
    return session.scalar(ours.order_by(Mail.id.desc()).limit(1))
