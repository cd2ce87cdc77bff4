"""The trail: who did what to a ticket, and when; sealed link by link, so that a later change of it shows.

A sealed event is bound to all before it: hash = HMAC-SHA256(key, hash before + the event). Events are written by many and
sealed by one after the other, in rows of their own, so that the chain makes nobody wait.
"""

import hmac
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import Select, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db import bell
from db.models import Event, Seal, Ticket
from db.session import OpenSession

SEEN = "seen"
WHATS = (
    "approved", "acted", "replied", "stuck", "dismissed", "in_review", "edited", "seen", "mail", "ordered", "begun",
    "assigned", "snoozed", "waiting", "tags", "priority", "noted", "forwarded", "trusted", "code", "looked", "happened",
    "again",
)  # fmt: skip
AT_ONCE = 500
LATE = 5000  # events that may be committed before one with a lower number is


def write(
    session: Session, ticket: Ticket, what: str, *, actor: str, old: str = "", new: str = "", note: str = ""
) -> None:
    version = ticket.version or 1
    session.add(Event(ticket=ticket, what=what, actor=actor, old=old, new=new, note=note, version=version))
    bell.ring(session)


def newest(session: Session) -> int:
    """The id of the newest event that changed anything: it grows whenever anything happened to any ticket."""
    return session.scalar(select(Event.id).where(Event.what != SEEN).order_by(Event.id.desc()).limit(1)) or 0


def found(
    session: Session,
    *,
    actor: str = "",
    what: str = "",
    ticket_id: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    most: int = 100,
) -> Sequence[Event]:
    """The newest events that fit; `what` may be a kind of event or a status that a ticket came to."""
    wanted = select(Event).order_by(Event.id.desc()).limit(most)
    conditions = [
        Event.actor.icontains(actor, autoescape=True) if actor else None,
        or_(Event.what == what, Event.new == what) if what else None,
        Event.ticket_id == ticket_id if ticket_id is not None else None,
        Event.at >= since if since else None,
        Event.at < until if until else None,
        Event.id < before if before is not None else None,
    ]
    return session.scalars(wanted.where(*(one for one in conditions if one is not None))).all()


def see(session: Session, ticket: Ticket, actor: str) -> None:
    """Somebody looked at the ticket: written once for each version of it."""
    if not has_seen(session, ticket, actor):
        write(session, ticket, SEEN, actor=actor)


def has_seen(session: Session, ticket: Ticket, actor: str) -> bool:
    """Whether that person has looked at the ticket as it is now."""
    seen = select(Event.id).where(
        Event.ticket_id == ticket.id, Event.what == SEEN, Event.actor == actor, Event.version == ticket.version
    )
    return session.scalar(seen.limit(1)) is not None


def since(session: Session, ticket: Ticket, version: int) -> list[Event]:
    """What changed the ticket after the version that somebody saw, oldest first."""
    found = select(Event).where(Event.ticket_id == ticket.id, Event.version > version, Event.what != SEEN)
    return list(session.scalars(found.order_by(Event.id)))


def seal_next(open_session: OpenSession, key: bytes) -> bool:
    """Seal what is not sealed yet. Return False when there is nothing, or another process was first."""
    try:
        with open_session() as session:
            last = session.scalar(select(Seal).order_by(Seal.seq.desc()).limit(1))
            seq, before = (last.seq, last.hash) if last else (0, "")
            highest = session.scalar(select(func.max(Seal.event_id))) or 0
            for event in session.scalars(unsealed(highest).limit(AT_ONCE)).all():
                seq, before = seq + 1, link(key, before, event, words_of(event))
                session.add(Seal(seq=seq, event_id=event.id, words=words_of(event), hash=before))
            return bool(session.new)
    except IntegrityError:
        return False


def unsealed(newest_sealed: int) -> Select[Event]:
    """Events without a seal among the last; one that was committed late stands below ones that are sealed."""
    near = newest_sealed - LATE
    sealed = select(Seal.event_id).where(Seal.event_id > near)
    return select(Event).where(Event.id > near, Event.id.not_in(sealed)).order_by(Event.id)


def words_of(event: Event) -> str:
    """Of actor and note, which may be erased: the chain binds this digest, so that it holds without them."""
    return sha256(f"{event.actor}\0{event.note}".encode()).hexdigest()


def link(key: bytes, before: str, event: Event, words: str) -> str:
    at = event.at.astimezone(UTC).isoformat()
    told = [before, event.id, event.ticket_id, at, event.what, event.old, event.new, event.version, words]
    return hmac.new(key, json.dumps(told).encode(), sha256).hexdigest()


def faults(session: Session, key: bytes, head: str = "") -> Iterator[str]:
    """What is wrong with the trail, in words; nothing where it is as it was written.

    `head`: a hash that was noted earlier, and must still stand in the chain: only that shows an end that was cut off.
    """
    before, expected, met = "", 1, head == ""
    rows = select(Seal, Event).outerjoin(Event, Event.id == Seal.event_id).order_by(Seal.seq)
    for seal, event in session.execute(rows.execution_options(yield_per=AT_ONCE)):
        if seal.seq != expected:
            yield f"Seal {expected} is missing."
        if event is None:
            yield f"Event {seal.event_id} is missing."
        elif seal.words != words_of(event) and (event.actor or event.note):
            yield f"Event {event.id} of ticket {event.ticket_id} was changed: its words."
        elif seal.hash != link(key, before, event, seal.words):
            yield f"Event {event.id} of ticket {event.ticket_id} was changed, or the chain before it."
        before, expected, met = seal.hash, seal.seq + 1, met or seal.hash == head
    highest = session.scalar(select(func.max(Seal.event_id))) or 0
    sealed = select(Seal.event_id)
    for event_id in session.scalars(select(Event.id).where(Event.id <= highest - LATE, Event.id.not_in(sealed))):
        yield f"Event {event_id} was put in afterwards: it is not sealed."
    if not met:
        yield "The head that was noted is not in the chain: its end was cut off, or it is another chain."


def head_of(session: Session) -> tuple[int, str]:
    """How many events are sealed, and the hash of the last link."""
    last = session.scalar(select(Seal).order_by(Seal.seq.desc()).limit(1))
    return (last.seq, last.hash) if last else (0, "")
