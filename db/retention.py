"""How long tickets are kept, by what became of them: afterwards what was said in them is erased, as for a forgotten customer."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from db import desk_settings, erasure
from db.lifecycle import PROGRAM, Status
from db.models import Mail, Promise, Ticket, now
from db.session import OpenSession

NAME = "retention"
AT_ONCE = 20  # tickets in one transaction
LEAST, MOST = 7, 36500  # days


class UnusableRetention(Exception):
    """Not a number of days; the message says what may be stated."""


@dataclass(frozen=True)
class Retention:
    """Days after the last change; 0 keeps for ever."""

    replied: int = 0
    dismissed: int = 0
    spam: int = 0


def load(session: Session) -> Retention:
    return Retention(**desk_settings.stored(session, NAME))


def read(stated: Mapping[str, str]) -> Retention:
    """A form with `replied`, `dismissed`, `spam`. Raise UnusableRetention."""
    return Retention(**{name: days(stated.get(name, "")) for name in asdict(Retention())})


def days(typed: str) -> int:
    typed = typed.strip() or "0"
    if not typed.isdecimal() or not (int(typed) == 0 or LEAST <= int(typed) <= MOST):
        raise UnusableRetention(f"State {LEAST} to {MOST} days, or nothing to keep them for ever.")
    return int(typed)


def save(session: Session, rules: Retention) -> None:
    desk_settings.store(session, NAME, asdict(rules))


def let_go_next(open_session: OpenSession) -> bool:
    """Erase some tickets that were kept long enough. Return False when there are none."""
    with open_session.reading() as session:
        rules = load(session)
        if rules == Retention() or session.scalar(due(rules).limit(1)) is None:
            return False
    with open_session() as session:
        ids = list(session.scalars(due(rules).limit(AT_ONCE).with_for_update(skip_locked=True)))
        erasure.let_go(session, ids, by=PROGRAM)
    erasure.scrub(open_session)
    return bool(ids)


def due(rules: Retention) -> Select[int]:
    """Tickets with words in them whose days are over; none of which anything is still to be done."""
    says_something = select(Mail.id).where(Mail.ticket_id == Ticket.id, Mail.kind != "forgotten").exists()
    owes = (
        select(Promise.id)
        .where(Promise.ticket_id == Ticket.id, Promise.state.in_(("promised", "running", "inflight")))
        .exists()
    )
    kinds: list[tuple[int, ColumnElement[bool]]] = [
        (rules.replied, Ticket.status == Status.REPLIED),
        (rules.dismissed, and_(Ticket.status == Status.DISMISSED, Ticket.spam == "")),
        (rules.spam, and_(Ticket.spam != "", Ticket.status.in_((Status.RECEIVED, Status.IN_REVIEW, Status.DISMISSED)))),
    ]
    over = [
        and_(which, func.coalesce(Ticket.changed_at, Ticket.received_at) < now() - timedelta(days=kept))
        for kept, which in kinds
        if kept
    ]
    return select(Ticket.id).where(or_(*over), says_something, ~owes).order_by(Ticket.id)
