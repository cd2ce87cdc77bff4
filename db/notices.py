"""Notices: what a person should know of a ticket, told to those who want to be told of it."""

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models import Notice, Person, Ticket

KINDS = {
    "assigned": "a ticket is assigned to you",
    "mentioned": "a note names you",
    "stuck": "a ticket is stuck",
    "due": "an answer is overdue",
}
MOST = 50


def tell(session: Session, person: Person, ticket: Ticket, kind: str, words: str) -> None:
    """Nobody is told what they did themselves, or what they switched off."""
    if kind in person.told_of and person.is_active:
        session.add(Notice(person_id=person.id, ticket_id=ticket.id, kind=kind, words=words))


def tell_those_concerned(session: Session, ticket: Ticket, kind: str, words: str) -> None:
    """Whoever it is assigned to; everybody, where that is nobody."""
    concerned = [ticket.assignee] if ticket.assignee else session.scalars(select(Person).where(Person.is_active)).all()
    for person in concerned:
        tell(session, person, ticket, kind, words)


def unread(session: Session, person_id: int | None) -> int:
    found = select(func.count()).select_from(Notice).where(Notice.person_id == person_id, ~Notice.is_read)
    return session.scalar(found) or 0


def newest(session: Session, person_id: int | None) -> Sequence[Notice]:
    found = select(Notice).where(Notice.person_id == person_id).order_by(Notice.id.desc())
    return session.scalars(found.limit(MOST)).all()


def read(session: Session, person_id: int | None, ticket_id: int | None = None) -> None:
    """All of them, or those of one ticket."""
    wanted = update(Notice).where(Notice.person_id == person_id, ~Notice.is_read)
    session.execute((wanted.where(Notice.ticket_id == ticket_id) if ticket_id else wanted).values(is_read=True))
