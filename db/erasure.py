"""Forgetting a customer: what they wrote, what was drafted, answered and learnt from it, for good.

What stays is what says nothing of them: that there was a ticket, when, and which statuses it had; and of each mail the
digest by which the same mail is recognised when a mailbox is read anew. The trail holds without the words that are erased.
"""

import contextlib
import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Text, cast, delete, func, literal, or_, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from db import knowledge, retrainings, tickets, trail
from db.customers import Known
from db.lifecycle import Status
from db.models import (
    Attachment,
    AutopilotLook,
    Chat,
    ChatMessage,
    Confirmation,
    Customer,
    CustomerAddress,
    Edit,
    Event,
    Lesson,
    Mail,
    Note,
    Notice,
    Page,
    PageVersion,
    Passage,
    Promise,
    Retraining,
    Tag,
    Ticket,
    TrialDraft,
    Vote,
)
from db.session import OpenSession

log = logging.getLogger(__name__)
PATIENCE = 20.0  # seconds for others to leave the file alone
MERGED = 500  # pages of the index in one step
UNDER_WAY = (Status.APPROVED, Status.ACTED)
BLANK_TICKET: dict[str, Any] = {
    "subject": "", "from_name": "", "from_email": "", "username": "", "snippet": "", "problem": "", "spam": "", "waiting_for": "",
    "draft": None, "answer": None, "made_by": None, "plan": None, "trust": None, "lesson": None, "reasons": [],
}  # fmt: skip
BLANK_MAIL: dict[str, Any] = {
    "raw": b"", "from_name": "", "from_email": "", "reply_to": "", "to": [], "cc": [], "subject": "", "text": "", "said": "", "older": "",
    "html": "", "hidden": "", "orders": "", "message_id": "", "in_reply_to": "", "references": [], "attachments": [], "problem": "",
    "identity_words": "", "has_html": False, "remote_images": False, "kind": "forgotten", "notices": ["What was written here was forgotten."],
}  # fmt: skip


class CannotForget(Exception):
    """Something of theirs is being carried out just now; the message says which ticket."""


@dataclass(frozen=True)
class Forgotten:
    """What was erased, and which versions of the model had learnt from it."""

    tickets: int
    mails: int
    lessons: int
    versions: Sequence[str]


def what_there_is(session: Session, known: Known) -> Forgotten:
    """What forgetting them would erase."""
    ids, mails, taught = found(session, known)
    return Forgotten(len(ids), len(mails), len(taught), versions_taught(session, taught))


def found(session: Session, known: Known) -> tuple[list[int], list[int], list[int]]:
    """Their tickets, the mails of those and those that they wrote elsewhere, and the lessons of all these mails."""
    ids = list(session.scalars(select(Ticket.id).where(Ticket.from_email.in_(known.emails))))
    mails = list(
        session.scalars(select(Mail.id).where(or_(Mail.ticket_id.in_(ids), Mail.from_email.in_(known.emails))))
    )
    taught = list(session.scalars(select(Lesson.id).where(or_(Lesson.mail_id.in_(mails), Lesson.ticket_id.in_(ids)))))
    return ids, mails, taught


def versions_taught(session: Session, lesson_ids: Sequence[int]) -> list[str]:
    """Versions that may have learnt from one of these lessons."""
    if not lesson_ids:
        return []
    made = select(Retraining.version).where(Retraining.last_lesson >= min(lesson_ids), Retraining.version != "")
    return sorted(set(session.scalars(made)))


def forget(session: Session, known: Known, *, by: str) -> Forgotten:
    """Erase it all, in one transaction. Raise CannotForget. Afterwards `scrub`, so that nothing stays in the file."""
    ids, mails, taught = found(session, known)
    check_nothing_is_under_way(session, ids)
    for ticket_id in ids:
        close(session, tickets.get(session, ticket_id), by=by)
    ids, mails, taught = found(session, known)  # a ticket that is closed leaves a lesson
    versions = versions_taught(session, taught)
    unlearn(session, taught, versions, by=by)
    erase(session, ids, mails, by=by)
    for email in known.emails:
        session.execute(delete(CustomerAddress).where(CustomerAddress.email == email))
    if known.customer_id is not None:
        session.execute(delete(Customer).where(Customer.id == known.customer_id))
    return Forgotten(len(ids), len(mails), len(taught), versions)


def let_go(session: Session, ids: Sequence[int], *, by: str) -> None:
    """Tickets that were kept long enough, with their mails and lessons. Versions that had learnt from them go on serving."""
    for ticket_id in ids:
        close(session, tickets.get(session, ticket_id), by=by)
    mails = list(session.scalars(select(Mail.id).where(Mail.ticket_id.in_(ids))))
    unlearn(session, list(session.scalars(select(Lesson.id).where(Lesson.ticket_id.in_(ids)))), (), by=by)
    erase(session, ids, mails, by=by)


def erase(session: Session, ids: Sequence[int], mails: Sequence[int], *, by: str) -> None:
    """The words of these tickets and mails, wherever they stand; their lessons are gone already."""
    files = files_of(session, ids, mails)
    session.execute(update(Mail).where(Mail.id.in_(mails)).values(**BLANK_MAIL))
    for ticket_id in ids:
        erase_ticket(session, tickets.get(session, ticket_id), by=by)
    forget_answers(session, ids)
    chats = select(Chat.id).where(Chat.ticket_id.in_(ids))
    session.execute(delete(ChatMessage).where(ChatMessage.chat_id.in_(chats)))
    session.execute(delete(Chat).where(Chat.ticket_id.in_(ids)))
    for digest in files:
        if not is_carried(session, digest):  # one that another customer's mail or reply carries, too, stays
            session.execute(delete(Attachment).where(Attachment.sha256 == digest))


def forget_answers(session: Session, ticket_ids: Sequence[int]) -> None:
    """What was signed for them is found by nobody else any more; a page that staff wrote stays, without the way to them."""
    from_them = list(session.scalars(select(Page.id).where(Page.ticket_id.in_(ticket_ids), Page.kind == "answer")))
    for number in from_them:
        unquote(session, number)
    newest = session.scalar(select(func.max(Lesson.id))) or 0
    knowledge.look_again_from(session, newest)  # numbers of lessons that are gone may come again
    for table in (Passage, PageVersion):
        session.execute(delete(table).where(table.page_id.in_(from_them)))
    session.execute(delete(Page).where(Page.ticket_id.in_(ticket_ids), Page.kind == "answer"))
    session.execute(update(Page).where(Page.ticket_id.in_(ticket_ids)).values(ticket_id=None))


def unquote(session: Session, page_id: int) -> None:
    """What others' drafts and lessons took over from that page."""
    texts = set(session.scalars(select(Passage.text).where(Passage.page_id == page_id)))
    quoting = cast(Ticket.made_by, Text).contains(f'"page_id": {page_id},')
    for ticket in session.scalars(select(Ticket).where(quoting)):
        made_by = dict(ticket.made_by or {})
        made_by["sources"] = [one for one in made_by.get("sources", ()) if one.get("page_id") != page_id]
        ticket.made_by = made_by
        for lesson in session.scalars(select(Lesson).where(Lesson.ticket_id == ticket.id)):
            lesson.passages = [one for one in lesson.passages if one not in texts]


def check_nothing_is_under_way(session: Session, ids: Sequence[int]) -> None:
    """Hold their tickets, so that nobody signs one meanwhile. Raise CannotForget."""
    held = session.execute(select(Ticket.id, Ticket.status).where(Ticket.id.in_(ids)).with_for_update()).all()
    busy = [number for number, status in held if status in UNDER_WAY]
    leaving = select(Promise.ticket_id).where(Promise.ticket_id.in_(ids), Promise.state.in_(("running", "inflight")))
    busy += session.scalars(leaving).all()
    if busy:
        raise CannotForget(f"Ticket {busy[0]} is being carried out. Forget them when it is done.")


def unlearn(session: Session, lesson_ids: Sequence[int], versions: Sequence[str], *, by: str) -> None:
    """No lesson, no example in a report; a training under way is stopped, and one without them is ordered."""
    names = {f"lesson-{one}" for one in lesson_ids}
    start = ""
    for row in session.scalars(select(Retraining).order_by(Retraining.id)):
        if row.report.get("apart"):
            row.report = {**row.report, "apart": [one for one in row.report["apart"] if one.get("id") not in names]}
        if row.version in versions and not start:
            start = row.start  # what served before the first that learnt from them
        if lesson_ids and row.state == "paused":
            retrainings.end(row, "cancelled", "Somebody was forgotten meanwhile.")
        elif lesson_ids and row.state in retrainings.OPEN:
            row.wanted = "cancel"
    session.execute(delete(Lesson).where(Lesson.id.in_(lesson_ids)))
    if versions:
        session.add(
            Retraining(asked_by=by, steps=retrainings.STEPS, start=start, words="Without somebody who was forgotten.")
        )


def files_of(session: Session, ids: Sequence[int], mail_ids: Sequence[int]) -> set[str]:
    """SHA-256 of every file that came with their mails, left with our replies, or lies in an edit."""
    lists: list[Sequence[Any]] = list(session.scalars(select(Mail.attachments).where(Mail.id.in_(mail_ids))))
    lists += session.scalars(select(Edit.files).where(Edit.ticket_id.in_(ids)))
    payloads = session.scalars(select(Promise.payload).where(Promise.ticket_id.in_(ids)))
    lists += [payload.get("files", ()) for payload in payloads]
    return {str(file.get("sha256", "")) for files in lists for file in files} - {""}


def is_carried(session: Session, digest: str) -> bool:
    return any(
        session.scalar(select(literal(1)).where(cast(column, Text).contains(digest)).limit(1)) is not None
        for column in (Mail.attachments, Edit.files, Promise.payload)
    )


def close(session: Session, ticket: Ticket, *, by: str) -> None:
    if ticket.status in (Status.RECEIVED, Status.IN_REVIEW, Status.STUCK):
        tickets.move(session, ticket, Status.DISMISSED, actor=by, seen=ticket.version, note="forgotten")


def erase_ticket(session: Session, ticket: Ticket, *, by: str) -> None:
    """The ticket stays as a number with its statuses."""
    for table in (Note, Edit, Tag, Vote, Notice, Confirmation, TrialDraft, AutopilotLook):
        session.execute(delete(table).where(table.ticket_id == ticket.id))
    # what is still to be sent is withdrawn; what was sent stays as a row without words
    session.execute(
        update(Promise).where(Promise.ticket_id == ticket.id, Promise.state == "promised").values(state="withdrawn")
    )
    session.execute(update(Promise).where(Promise.ticket_id == ticket.id).values(payload={}, result=None, digest=""))
    session.flush()
    session.expire(ticket)
    for name, value in BLANK_TICKET.items():
        setattr(ticket, name, value)
    session.flush()
    session.execute(update(Event).where(Event.ticket_id == ticket.id).values(actor="", note=""))
    trail.write(session, ticket, "forgotten", actor=by)


def scrub(open_session: OpenSession) -> bool:
    """Nothing of what was erased stays in the index or in the log of SQLite. PostgreSQL's own VACUUM does it.

    Rows that go are overwritten at once (`secure_delete`, see db/session.py). The index is merged in small steps, so that nobody
    waits long. False where others kept the log busy: the next time cleans it.
    """
    engine = open_session.engine
    if engine.dialect.name != "sqlite":
        return True
    try:
        for table in ("mails", "notes", "tickets", "passages"):
            pages = -MERGED
            while merged(open_session, table, pages):
                pages = MERGED
        with contextlib.closing(
            sqlite3.connect(str(engine.url.database), isolation_level=None, timeout=PATIENCE)
        ) as file:
            busy, *_ = file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except (sqlite3.OperationalError, OperationalError) as problem:
        log.warning("the file could not be cleaned: %s", problem)
        return False
    return not busy


def merged(open_session: OpenSession, table: str, pages: int) -> bool:
    """One step of merging an FTS5 index; negative at first: all of it, whatever its age. False where nothing was left."""
    with open_session() as session:
        count = text("SELECT total_changes()")
        before = session.scalar(count) or 0
        session.execute(text(f"INSERT INTO {table}_words ({table}_words, rank) VALUES ('merge', {int(pages)})"))
        return (session.scalar(count) or 0) - before >= 2  # as its documentation says
