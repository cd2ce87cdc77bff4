"""How far a new desk has come: from no mailbox to the first answer that was signed and sent."""

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from db.lifecycle import Status
from db.models import Mail, Person, Ticket


def done(session: Session) -> dict[str, bool]:
    """The steps that only data can tell: mail came in, a draft was written, one was signed, an answer left, colleagues are here."""
    return {
        "mail": exists(session, select(Mail.id).where(~Mail.outgoing, Mail.mailbox != "")),
        "draft": exists(session, select(Ticket.id).where(Ticket.drafted_at.is_not(None))),
        "signed": exists(session, select(Ticket.id).where(Ticket.signed_at.is_not(None))),
        "answered": exists(session, select(Ticket.id).where(Ticket.status == Status.REPLIED)),
        "people": (session.scalar(select(func.count()).select_from(Person)) or 0) > 1,
    }


def newest_draft(session: Session) -> int | None:
    """A ticket that waits for its first signature."""
    found = select(Ticket.id).where(Ticket.status == Status.IN_REVIEW).order_by(Ticket.id.desc())
    return session.scalar(found.limit(1))


def exists(session: Session, found: Select[int]) -> bool:
    return session.scalar(found.limit(1)) is not None
