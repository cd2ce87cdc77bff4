"""The trail: who did what to a ticket, and when."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Event, Ticket


def write(
    session: Session, ticket: Ticket, what: str, *, actor: str, old: str = "", new: str = "", note: str = ""
) -> None:
    session.add(Event(ticket=ticket, what=what, actor=actor, old=old, new=new, note=note))


def newest(session: Session) -> int:
    """The id of the newest event: it grows whenever anything happened to any ticket."""
    return session.scalar(select(func.max(Event.id))) or 0
