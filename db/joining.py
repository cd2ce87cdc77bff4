"""Two tickets become one; a mail that is about something else becomes a ticket of its own."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from db import tickets, trail
from db.lifecycle import Status
from db.models import Mail, Note, Tag, Ticket

SETTLED = (Status.RECEIVED, Status.IN_REVIEW, Status.REPLIED, Status.DISMISSED)


class CannotJoin(Exception):
    """The tickets cannot be joined or parted as things stand; the message says why."""


def merge(session: Session, ticket: Ticket, into: Ticket, *, by: str, seen: int) -> None:
    """Its mails, notes and tags go over; it is dismissed, the other is drafted anew. Raise CannotJoin, StaleTicket."""
    if ticket.id == into.id:
        raise CannotJoin("Name another ticket.")
    for one in (ticket, into):
        if one.status not in SETTLED:
            raise CannotJoin(f"Ticket {one.id} is {one.status.replace('_', ' ')}: what was signed is finished first.")
        if one.merged_into is not None:
            raise CannotJoin(f"Ticket {one.id} has become part of ticket {one.merged_into} already.")
    tickets.check_seen(ticket, seen)
    session.execute(update(Mail).where(Mail.ticket_id == ticket.id).values(ticket_id=into.id))
    session.execute(update(Note).where(Note.ticket_id == ticket.id).values(ticket_id=into.id))
    known = {one.name for one in into.tags}
    names = [one.name for one in ticket.tags]
    ticket.tags = []
    session.flush()
    into.tags = [*into.tags, *(Tag(name=name) for name in names if name not in known)]
    ticket.merged_into = into.id
    session.expire(into, ["mails", "notes"])
    session.expire(ticket, ["mails", "notes"])
    if ticket.status != Status.DISMISSED:
        tickets.move(session, ticket, Status.DISMISSED, actor=by, seen=seen, note=f"became part of ticket {into.id}")
    trail.write(session, into, "merged", actor=by, note=f"ticket {ticket.id} became part of it")
    if into.status != Status.RECEIVED:
        tickets.move(session, into, Status.RECEIVED, actor=by, seen=into.version, note="more mails")


def split(session: Session, ticket: Ticket, mail_id: int, *, by: str, seen: int) -> Ticket:
    """That mail becomes a ticket of its own, which is drafted. Raise CannotJoin, StaleTicket."""
    tickets.check_seen(ticket, seen)
    mail = next((one for one in ticket.mails if one.id == mail_id and not one.outgoing), None)
    if mail is None or sum(not one.outgoing for one in ticket.mails) < 2:
        raise CannotJoin("Only one of several mails that came in can become a ticket of its own.")
    own = Ticket(
        subject=mail.subject, from_name=mail.from_name, from_email=mail.from_email, received_at=mail.date,
        snippet=tickets.snippet_of(mail.said or mail.text), identity=mail.identity, status=Status.RECEIVED, version=1,
    )  # fmt: skip
    session.add(own)
    session.flush()
    mail.ticket = own
    trail.write(session, own, "split", actor=by, new=Status.RECEIVED.value, note=f"from ticket {ticket.id}")
    trail.write(session, ticket, "split", actor=by, note=f"mail {mail_id} became ticket {own.id}")
    if ticket.status == Status.IN_REVIEW:
        tickets.move(session, ticket, Status.RECEIVED, actor=by, seen=seen, note="fewer mails")
    return own
