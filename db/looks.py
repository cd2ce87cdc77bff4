"""What the autopilot saw: one look at each draft, and what a person made of it. The evidence comes from here."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from db.drafts import Draft, distance
from db.lifecycle import Status
from db.models import AutopilotLook, Ticket, now

ACTOR = "autopilot"  # how its signature begins; behind it stands who opened the category
NEWEST = 4000  # decisions that the evidence is worked out from


def waiting(session: Session, names: Sequence[str], *, unchecked: Sequence[str]) -> Ticket | None:
    """The oldest draft in review, of these categories, that it has not looked at. `unchecked`: those that need no club."""
    return session.scalar(
        select(Ticket)
        .where(Ticket.status == Status.IN_REVIEW, ~Ticket.was_looked_at, Ticket.draft.is_not(None))
        .where(Ticket.category.in_(names), Ticket.confidence.is_not(None))
        .where(or_(Ticket.plan.is_not(None), Ticket.category.in_(unchecked)))
        .order_by(Ticket.id)
        .limit(1)
    )


def look(session: Session, ticket: Ticket, **seen: Any) -> AutopilotLook:
    session.execute(
        delete(AutopilotLook).where(AutopilotLook.ticket_id == ticket.id, AutopilotLook.decided_at.is_(None))
    )
    ticket.was_looked_at = True
    made = AutopilotLook(ticket_id=ticket.id, category=ticket.category, **seen)
    session.add(made)
    session.flush()
    return made


def is_audited(ticket_id: int, share: float) -> bool:
    """Whether a person sees it although it could have gone alone: by a hash, so that nothing can choose."""
    return int.from_bytes(hashlib.sha256(f"audit:{ticket_id}".encode()).digest()[:8]) < share * 2**64


def signed_alone(ticket: Ticket) -> bool:
    """No person has judged this answer, so nothing may be learnt from it."""
    return ticket.signed_by.startswith(ACTOR)


def settle(session: Session, ticket: Ticket, *, is_signed: bool) -> None:
    """A person has decided: was the draft right as it stood? A dismissal says that no answer was."""
    row = session.scalar(
        select(AutopilotLook).where(AutopilotLook.ticket_id == ticket.id, AutopilotLook.decided_at.is_(None))
    )
    if row is None:
        return
    row.decided_at = now()
    if signed_alone(ticket):
        return
    draft, answer = ticket.draft, ticket.answer if is_signed else None
    row.right = draft is not None and answer is not None and is_same(draft, answer)


def is_same(draft: dict[str, Any], answer: dict[str, Any]) -> bool:
    one, other = Draft.from_json(draft), Draft.from_json(answer)  # type: ignore[arg-type]
    facts = (one.category, one.username, dict(one.details)) == (other.category, other.username, dict(other.details))
    return facts and distance(one.reply, other.reply) == 0


def withdrawn(session: Session, ticket: Ticket) -> None:
    """What went alone was taken back: a person judges it after all."""
    row = session.scalar(
        select(AutopilotLook).where(AutopilotLook.ticket_id == ticket.id, AutopilotLook.decided_at.is_(None))
    )
    if row is not None and row.chosen == "alone":
        row.chosen = "withdrawn"


def audited(session: Session, category: str, *, since: datetime | None, most: int) -> list[bool]:
    """Whether each answer that could have gone alone, or did and was taken back, was right; oldest first."""
    rows = session.scalars(
        select(AutopilotLook.right)
        .where(AutopilotLook.category == category, AutopilotLook.chosen.in_(("audit", "withdrawn")))
        .where(AutopilotLook.right.is_not(None), AutopilotLook.at >= since)
        .order_by(AutopilotLook.id.desc())
        .limit(most)
    ).all()
    return [bool(one) for one in reversed(rows)]


def decided(session: Session, name: str, model: str) -> Sequence[AutopilotLook]:
    """Drafts that could have gone alone and that a person judged, by one model, oldest first."""
    rows = session.scalars(
        select(AutopilotLook)
        .where(AutopilotLook.category == name, AutopilotLook.model == model, AutopilotLook.why == "")
        .where(AutopilotLook.right.is_not(None))
        .order_by(AutopilotLook.id.desc())
        .limit(NEWEST)
    ).all()
    return list(reversed(rows))


def newest_decided(session: Session, category: str) -> AutopilotLook | None:
    """The look that a person judged last."""
    found = select(AutopilotLook).where(AutopilotLook.category == category, AutopilotLook.right.is_not(None))
    return session.scalar(found.order_by(AutopilotLook.decided_at.desc(), AutopilotLook.id.desc()).limit(1))


def done_alone(session: Session, most: int = 50) -> Sequence[tuple[AutopilotLook, Ticket]]:
    """What it signed, newest first."""
    found = select(AutopilotLook, Ticket).join(Ticket, Ticket.id == AutopilotLook.ticket_id)
    rows = session.execute(
        found.where(AutopilotLook.chosen.in_(("alone", "withdrawn"))).order_by(AutopilotLook.id.desc()).limit(most)
    )
    return [(look, ticket) for look, ticket in rows]
