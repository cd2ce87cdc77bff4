"""Who has a ticket open: a sign of life every few seconds, forgotten when it stops."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, joinedload

from db import bell
from db.models import Presence, now

GONE = timedelta(seconds=45)


def here(session: Session, ticket_id: int, person_id: int, *, is_typing: bool) -> None:
    """This person has the ticket open now, and no other."""
    session.execute(delete(Presence).where(Presence.at < now() - GONE))
    session.execute(delete(Presence).where(Presence.person_id == person_id, Presence.ticket_id != ticket_id))
    found = session.get(Presence, (ticket_id, person_id)) or Presence(ticket_id=ticket_id, person_id=person_id)
    is_news = found.is_typing != is_typing or found.at is None
    found.at, found.is_typing = now(), is_typing
    session.add(found)
    if is_news:
        bell.ring(session)


def others(session: Session, ticket_id: int, person_id: int | None) -> Sequence[Presence]:
    """Who else has it open, who types first."""
    found = select(Presence).where(
        Presence.ticket_id == ticket_id, Presence.person_id != person_id, Presence.at > now() - GONE
    )
    return session.scalars(found.options(joinedload(Presence.person)).order_by(Presence.is_typing.desc())).all()


def stamp(session: Session) -> tuple[int, int]:
    """It differs when somebody came, went, began or stopped typing."""
    present = Presence.at > now() - GONE
    row = session.execute(
        select(
            func.coalesce(func.sum(Presence.ticket_id * 7919 + Presence.person_id), 0),
            func.count(func.nullif(Presence.is_typing, False)),
        ).where(present)
    ).one()
    return int(row[0]), int(row[1])
