"""Notices: what a person should know of a ticket, told to those who want to be told of it."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, joinedload

from db.models import Notice, Person, Ticket, now

KINDS = {
    "assigned": "a ticket is assigned to you",
    "mentioned": "a note names you",
    "stuck": "a ticket is stuck",
    "due": "an answer is overdue",
}
MOST = 50
MAIL_AGAIN = timedelta(minutes=5)
MAIL_AFTER = timedelta(minutes=2)  # who sits at the desk has read it by then


def tell(session: Session, person: Person, ticket: Ticket, kind: str, words: str) -> None:
    """Nobody is told what they did themselves, or what they switched off."""
    if kind in person.told_of and person.is_active:
        mail_at = now() + MAIL_AFTER if kind in person.mailed_of else None
        session.add(Notice(person_id=person.id, ticket_id=ticket.id, kind=kind, words=words, mail_at=mail_at))


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
    session.execute(
        (wanted.where(Notice.ticket_id == ticket_id) if ticket_id else wanted).values(is_read=True, mail_at=None)
    )


def due_mail(session: Session) -> int | None:
    """Somebody who has unread notices that should come by mail by now."""
    found = select(Notice.person_id).join(Person).where(Notice.mail_at <= now(), Person.is_active)
    return session.scalar(found.order_by(Notice.mail_at).limit(1))


def claim_mail(session: Session, person_id: int) -> Sequence[Notice]:
    """The notices for one mail to that person; each is taken once, before the mail leaves: better none than two."""
    mine = update(Notice).where(Notice.person_id == person_id, Notice.mail_at <= now()).values(mail_at=None)
    taken = session.scalars(mine.returning(Notice.id).execution_options(synchronize_session=False)).all()
    found = select(Notice).where(Notice.id.in_(taken)).order_by(Notice.id)
    return session.scalars(found.options(joinedload(Notice.person), joinedload(Notice.ticket))).all()


def mail_later(session: Session, taken: Sequence[Notice]) -> None:
    """The mail did not leave: it waits a while, with what has come since."""
    again = update(Notice).where(Notice.id.in_([one.id for one in taken]), ~Notice.is_read)
    session.execute(again.values(mail_at=now() + MAIL_AGAIN))
