"""The queue: which tickets a view shows, in which order, and how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, true
from sqlalchemy.orm import Session, selectinload

from db import search
from db.lifecycle import Status
from db.models import SavedView, Tag, Ticket, now

OPEN = (Status.RECEIVED, Status.IN_REVIEW, Status.APPROVED, Status.ACTED)
SETTLED = (Status.REPLIED, Status.DISMISSED)
VIEWS = ("open", "mine", "unassigned", "human", "stuck", "snoozed", "waiting", "spam", "done", "all")
SORTS = ("urgent", "oldest", "newest", "unsure")
AT_ONCE = 50


@dataclass(frozen=True)
class Query:
    """What a person looks at: a view, words, a tag, an order, and how far down. `me` is who looks."""

    view: str = "open"
    words: str = ""
    sort: str = "urgent"
    tag: str = ""
    category: str = ""
    most: int = AT_ONCE
    me: int | None = None

    def as_json(self) -> dict[str, Any]:
        """What makes it this view, to keep under a name."""
        kept = {"view": self.view, "q": self.words, "sort": self.sort, "tag": self.tag, "category": self.category}
        return {name: value for name, value in kept.items() if value and (name, value) != ("sort", "urgent")}


def listed(session: Session, query: Query) -> Sequence[Ticket]:
    found = select(Ticket).where(shown_in(query.view, query.me)).options(selectinload(Ticket.assignee))
    if query.category:
        found = found.where(Ticket.category == query.category)
    if query.tag:
        found = found.where(Ticket.id.in_(select(Tag.ticket_id).where(Tag.name == query.tag)))
    found = search.matching(session, found, query.words)
    return session.scalars(found.order_by(*order_of(query)).limit(query.most)).all()


def shown_in(view: str, me: int | None) -> ColumnElement[bool]:
    """The tickets of a view. Snoozed and waiting ones are in no other open view."""
    is_open = and_(Ticket.status.in_(OPEN), Ticket.spam == "")
    is_asleep = Ticket.snoozed_until > now()
    awake = and_(is_open, or_(Ticket.snoozed_until.is_(None), ~is_asleep), Ticket.waiting_for == "")
    conditions: dict[str, ColumnElement[bool]] = {
        "open": awake,
        "mine": and_(awake, Ticket.assignee_id == me),
        "unassigned": and_(awake, Ticket.assignee_id.is_(None)),
        "human": and_(awake, Ticket.status == Status.IN_REVIEW, Ticket.needs_human),
        "stuck": Ticket.status == Status.STUCK,
        "snoozed": and_(is_open, is_asleep),
        "waiting": and_(is_open, Ticket.waiting_for != ""),
        "spam": and_(Ticket.status.in_(OPEN), Ticket.spam != ""),
        "done": Ticket.status.in_(SETTLED),
        "all": true(),
    }
    return conditions[view]


def order_of(query: Query) -> list[Any]:
    if query.view in ("done", "all") and query.sort == "urgent":
        return [Ticket.changed_at.desc()] if query.view == "done" else [Ticket.id.desc()]
    orders: dict[str, list[Any]] = {
        "urgent": [Ticket.priority.desc(), Ticket.received_at, Ticket.id],
        "oldest": [Ticket.received_at, Ticket.id],
        "newest": [Ticket.received_at.desc(), Ticket.id.desc()],
        "unsure": [Ticket.confidence.is_(None), Ticket.confidence, Ticket.id],
    }
    return orders[query.sort]


def counts(session: Session, me: int | None = None) -> dict[str, int]:
    """How many tickets each view holds; not of those that only grow."""
    counted = [view for view in VIEWS if view not in ("done", "all")]
    columns = [func.count(case((shown_in(view, me), 1))).label(view) for view in counted]
    unsettled = select(*columns).select_from(Ticket).where(Ticket.status.in_((*OPEN, Status.STUCK)))
    row = session.execute(unsettled).one()
    return dict(zip(counted, row, strict=True))


def just_approved(session: Session) -> Sequence[Ticket]:
    """What may still be undone, newest first: a signature counts for the whole desk, whatever view somebody is in."""
    found = select(Ticket).where(Ticket.status == Status.APPROVED).order_by(Ticket.changed_at.desc())
    return session.scalars(found.limit(10)).all()


def saved_views(session: Session, person_id: int | None) -> Sequence[SavedView]:
    return session.scalars(select(SavedView).where(SavedView.person_id == person_id).order_by(SavedView.id)).all()


def save_view(session: Session, person_id: int, name: str, query: Query) -> None:
    session.add(SavedView(person_id=person_id, name=name, query=query.as_json()))


def drop_view(session: Session, person_id: int, view_id: int) -> None:
    """Of one's own views; of nobody else's."""
    view = session.get(SavedView, view_id)
    if view is not None and view.person_id == person_id:
        session.delete(view)
