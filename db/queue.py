"""The queue: which tickets a view shows, in which order, and how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Integer, String, and_, bindparam, case, func, or_, select, true
from sqlalchemy.orm import Session, defer, selectinload

from db import search
from db.lifecycle import Status
from db.models import Moment, SavedView, Tag, Ticket, now

OPEN = (Status.RECEIVED, Status.IN_REVIEW, Status.APPROVED, Status.ACTED)
SETTLED = (Status.REPLIED, Status.DISMISSED)
VIEWS = ("open", "mine", "team", "unassigned", "human", "stuck", "snoozed", "waiting", "spam", "done", "all")
SORTS = ("urgent", "oldest", "newest", "unsure")
AT_ONCE = 50


IS_OPEN = and_(Ticket.status.in_(OPEN), Ticket.spam == "")
IS_ASLEEP = Ticket.snoozed_until > bindparam("now", type_=Moment())
AWAKE = and_(IS_OPEN, or_(Ticket.snoozed_until.is_(None), ~IS_ASLEEP), Ticket.waiting_for == "")
# The tickets of each view, made once: to put such a condition together takes longer than to ask it.
SHOWN_IN: dict[str, ColumnElement[bool]] = {
    "open": AWAKE,
    "mine": and_(AWAKE, Ticket.assignee_id == bindparam("me", type_=Integer())),
    "team": and_(AWAKE, Ticket.team != "", Ticket.team == bindparam("team", type_=String())),
    "unassigned": and_(AWAKE, Ticket.assignee_id.is_(None)),
    "human": and_(AWAKE, Ticket.status == Status.IN_REVIEW, Ticket.needs_human),
    "stuck": Ticket.status == Status.STUCK,
    "snoozed": and_(IS_OPEN, IS_ASLEEP),
    "waiting": and_(IS_OPEN, Ticket.waiting_for != ""),
    "spam": and_(Ticket.status.in_(OPEN), Ticket.spam != ""),
    "done": Ticket.status.in_(SETTLED),
    "all": true(),
}
COUNTED = tuple(view for view in VIEWS if view not in ("done", "all"))
COUNTS = (
    select(*(func.count(case((SHOWN_IN[view], 1))).label(view) for view in COUNTED))
    .select_from(Ticket)
    .where(Ticket.status.in_((*OPEN, Status.STUCK)))
)
LATER = [
    defer(column)
    for column in (
        Ticket.draft,
        Ticket.answer,
        Ticket.made_by,
        Ticket.plan,
        Ticket.reasons,
        Ticket.trust,
        Ticket.lesson,
    )
]


IN_ADDRESS = {"view": "view", "q": "words", "sort": "sort", "tag": "tag", "category": "category"}


@dataclass(frozen=True)
class Query:
    """What a person looks at: a view, words, a tag, an order, and how far down. `me` and `team` are of whoever looks."""

    view: str = "open"
    words: str = ""
    sort: str = "urgent"
    tag: str = ""
    category: str = ""
    most: int = AT_ONCE
    me: int | None = None
    team: str = ""

    def as_json(self) -> dict[str, Any]:
        """What makes it this view, to keep under a name."""
        kept = {name: getattr(self, attribute) for name, attribute in IN_ADDRESS.items()}
        return {name: value for name, value in kept.items() if value and (name, value) != ("sort", "urgent")}


def listed(session: Session, query: Query) -> Sequence[Ticket]:
    """Only what a line of the queue shows is read; the rest of a ticket comes when it is asked for."""
    found = select(Ticket).where(SHOWN_IN[query.view]).options(selectinload(Ticket.assignee), *LATER)
    if query.category:
        found = found.where(Ticket.category == query.category)
    if query.tag:
        found = found.where(Ticket.id.in_(select(Tag.ticket_id).where(Tag.name == query.tag)))
    found = search.matching(session, found, query.words)
    asked = found.order_by(*order_of(query)).limit(query.most)
    return session.scalars(asked, {"me": query.me, "team": query.team, "now": now()}).all()


def order_of(query: Query) -> list[Any]:
    if query.view in ("done", "all") and query.sort == "urgent":
        return [Ticket.changed_at.desc()] if query.view == "done" else [Ticket.id.desc()]
    orders: dict[str, list[Any]] = {
        "urgent": [Ticket.priority.desc(), Ticket.due_at.is_(None), Ticket.due_at, Ticket.received_at, Ticket.id],
        "oldest": [Ticket.received_at, Ticket.id],
        "newest": [Ticket.received_at.desc(), Ticket.id.desc()],
        "unsure": [Ticket.confidence.is_(None), Ticket.confidence, Ticket.id],
    }
    return orders[query.sort]


def counts(session: Session, me: int | None = None, team: str = "") -> dict[str, int]:
    """How many tickets each view holds; not of those that only grow."""
    row = session.execute(COUNTS, {"me": me, "team": team, "now": now()}).one()
    return dict(zip(COUNTED, row, strict=True))


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
