"""What the autopilot saw: one look at each draft, and what a person made of it. The evidence comes from here."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, false, literal_column, or_, select
from sqlalchemy.orm import Session

from db.drafts import Draft, distance
from db.evidence import falls_within
from db.models import AutopilotLook, Ticket, now

ACTOR = "autopilot"
SIGNED = f"{ACTOR} (opened by "  # how its signature begins, which no mail address of a person does
IS_IN_REVIEW = Ticket.status == literal_column("'in_review'")  # a literal: a partial index is not used for a parameter
MOST = 9600  # decisions that the evidence is worked out from


def waiting(session: Session, names: Sequence[str], *, unchecked: Sequence[str]) -> Ticket | None:
    """The oldest draft in review, of these categories, that it has not looked at. `unchecked`: those that need no club."""
    return session.scalar(
        select(Ticket)
        .where(IS_IN_REVIEW, Ticket.was_looked_at == false(), Ticket.draft.is_not(None))
        .where(Ticket.category.in_(names), Ticket.confidence.is_not(None))
        .where(or_(Ticket.plan.is_not(None), Ticket.category.in_(unchecked)))
        .order_by(Ticket.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def forget_open(session: Session, ticket: Ticket) -> None:
    """A new draft is made: nobody decided about the one before."""
    ticket.was_looked_at = False
    session.execute(
        delete(AutopilotLook).where(AutopilotLook.ticket_id == ticket.id, AutopilotLook.decided_at.is_(None))
    )


def look(session: Session, ticket: Ticket, **seen: Any) -> AutopilotLook:
    ticket.was_looked_at = True
    made = AutopilotLook(ticket_id=ticket.id, category=ticket.category, **seen)
    session.add(made)
    session.flush()
    return made


def is_audited(ticket_id: int, share: float) -> bool:
    """Whether a person sees it although it could have gone alone: by a hash, so that nothing can choose."""
    return falls_within(f"audit:{ticket_id}", share)


def signed_alone(ticket: Ticket) -> bool:
    """No person has judged this answer, so nothing may be learnt from it."""
    return ticket.signed_by.startswith(SIGNED)


def settle(session: Session, ticket: Ticket, *, is_signed: bool) -> None:
    """A person has decided: was the draft right as it stood? A dismissal says that no answer was."""
    row = undecided(session, ticket)
    if row is None:
        return
    row.decided_at = now()
    if signed_alone(ticket) or ticket.merged_into is not None:
        return
    draft, answer = ticket.draft, ticket.answer if is_signed else None
    row.right = draft is not None and answer is not None and is_same(draft, answer) and is_same_deed(row, ticket)


def undecided(session: Session, ticket: Ticket) -> AutopilotLook | None:
    return session.scalar(
        select(AutopilotLook).where(AutopilotLook.ticket_id == ticket.id, AutopilotLook.decided_at.is_(None))
    )


def is_same_deed(row: AutopilotLook, ticket: Ticket) -> bool:
    """Whether a person signed the action that it would have, for nobody else, and with no file."""
    standing = [one for one in ticket.promises if one.state != "withdrawn"]
    actions = [str(one.payload.get("name", "")) for one in standing if one.kind == "action"]
    more = [one for one in standing if one.kind == "reply" and {"cc", "bcc", "files"} & set(one.payload)]
    return (actions[-1] if actions else "") == row.action and not more


def is_same(draft: dict[str, Any], answer: dict[str, Any]) -> bool:
    one, other = Draft.from_json(draft), Draft.from_json(answer)  # type: ignore[arg-type]
    return one.facts == other.facts and distance(one.reply, other.reply) == 0


def withdrawn(session: Session, ticket: Ticket) -> None:
    """What went alone was taken back: a person judges it after all."""
    row = undecided(session, ticket)
    if row is not None and row.chosen == "alone":
        row.chosen = "withdrawn"


def refused(session: Session, ticket: Ticket) -> None:
    """A person wants another draft: the one that was looked at was not right."""
    row = undecided(session, ticket)
    if row is not None:
        row.decided_at, row.right = now(), False


def reported(session: Session, ticket: Ticket) -> None:
    """A person takes up again what went alone: it was not right."""
    if signed_alone(ticket):
        wanted = select(AutopilotLook).where(AutopilotLook.ticket_id == ticket.id).order_by(AutopilotLook.id.desc())
        row = session.scalar(wanted.limit(1))
        if row is not None and row.chosen == "alone":
            row.chosen, row.right = "reported", False


def audited(session: Session, category: str, *, since: datetime | None, most: int) -> list[bool]:
    """Whether each answer that could have gone alone and that a person saw by chance was right; oldest first."""
    rows = session.scalars(
        select(AutopilotLook.right)
        .where(AutopilotLook.category == category, AutopilotLook.chosen == "audit")
        .where(AutopilotLook.right.is_not(None), AutopilotLook.at >= since)
        .order_by(AutopilotLook.id.desc())
        .limit(most)
    ).all()
    return [bool(one) for one in reversed(rows)]


def found_wrong(session: Session, category: str, *, since: datetime | None, most: int) -> tuple[int, int]:
    """Of the newest answers that went alone, how many a person took back or up again and changed; and of how many."""
    rows = session.scalars(
        select(AutopilotLook.right)
        .where(AutopilotLook.category == category, AutopilotLook.chosen.in_(("alone", "withdrawn", "reported")))
        .where(AutopilotLook.at >= since)
        .order_by(AutopilotLook.id.desc())
        .limit(most)
    ).all()
    return sum(one is False for one in rows), len(rows)


def decided(session: Session, name: str, model: str, *, since: datetime | None) -> Sequence[AutopilotLook]:
    """Drafts that could have gone alone and that a person judged, by one model, the first since then, oldest first."""
    found = (
        select(AutopilotLook)
        .where(AutopilotLook.category == name, AutopilotLook.model == model, AutopilotLook.why == "")
        .where(AutopilotLook.right.is_not(None), AutopilotLook.chosen.in_(("review", "audit")))
    )
    found = found.where(AutopilotLook.at > since) if since is not None else found
    return session.scalars(found.order_by(AutopilotLook.id).limit(MOST)).all()


def newest_decided(session: Session, category: str) -> AutopilotLook | None:
    """The look that a person judged last."""
    found = select(AutopilotLook).where(AutopilotLook.category == category, AutopilotLook.right.is_not(None))
    found = found.where(AutopilotLook.why == "")
    return session.scalar(found.order_by(AutopilotLook.decided_at.desc(), AutopilotLook.id.desc()).limit(1))


def done_alone(session: Session, most: int = 50) -> Sequence[tuple[AutopilotLook, Ticket]]:
    """What it signed, newest first."""
    found = select(AutopilotLook, Ticket).join(Ticket, Ticket.id == AutopilotLook.ticket_id)
    rows = session.execute(
        found.where(AutopilotLook.chosen.in_(("alone", "withdrawn", "reported")))
        .order_by(AutopilotLook.id.desc())
        .limit(most)
    )
    return [(look, ticket) for look, ticket in rows]
