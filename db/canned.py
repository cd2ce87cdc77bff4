"""Canned replies: what staff write again and again, with variables; and what else choosing one does to the ticket."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import attributes
from db.models import CannedReply, Person, Ticket

VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
VARIABLES = ("first_name", "name", "email", "subject", "ticket", "me", "desk")
ORDERS = ("tags", "priority", "assign")


class UnusableCanned(Exception):
    """It has no title or no text, its title is taken, or it names a variable that there is not."""


def all_of(session: Session) -> Sequence[CannedReply]:
    return session.scalars(select(CannedReply).order_by(CannedReply.title)).all()


def save(session: Session, canned_id: int | None, title: str, body: str, orders: Mapping[str, str]) -> CannedReply:
    """Raise UnusableCanned."""
    title, body = " ".join(title.split())[:80], body.replace("\r\n", "\n").strip()
    if not title or not body:
        raise UnusableCanned("Give the canned reply a title and a text.")
    unknown = sorted(set(VARIABLE.findall(body)) - set(VARIABLES))
    if unknown:
        raise UnusableCanned(f"There is no variable {unknown[0]}. There are: {', '.join(VARIABLES)}.")
    if session.scalar(select(CannedReply.id).where(CannedReply.title == title, CannedReply.id != (canned_id or 0))):
        raise UnusableCanned(f"There is a canned reply {title!r} already. Choose another title.")
    canned = session.get(CannedReply, canned_id) if canned_id else CannedReply()
    if canned is None:
        raise UnusableCanned("This canned reply was removed meanwhile.")
    canned.title, canned.body = title, body
    canned.orders = {name: value for name, value in orders.items() if name in ORDERS and value}
    session.add(canned)
    session.flush()
    return canned


def remove(session: Session, canned_id: int) -> None:
    canned = session.get(CannedReply, canned_id)
    if canned is not None:
        session.delete(canned)


def get(session: Session, canned_id: int) -> CannedReply:
    """Raise UnusableCanned."""
    canned = session.get(CannedReply, canned_id)
    if canned is None:
        raise UnusableCanned("This canned reply was removed meanwhile.")
    return canned


def written(canned: CannedReply, ticket: Ticket, *, me: Person | None, desk: str) -> str:
    """Its text for this ticket. A variable that nothing is known for becomes nothing."""
    name = ticket.from_name
    values: dict[str, Any] = {
        "first_name": name.split(",")[-1].split()[0] if name.strip(" ,") else "",
        "name": name,
        "email": ticket.from_email,
        "subject": ticket.subject,
        "ticket": ticket.id,
        "me": (me.name or me.email) if me else "",
        "desk": desk,
    }
    return VARIABLE.sub(lambda found: str(values[found[1]]), canned.body)


def carry_out(session: Session, canned: CannedReply, ticket: Ticket, *, me: Person | None) -> None:
    """What else it does: tags, priority, assignment."""
    by = me.email if me else ""
    if "tags" in canned.orders:
        attributes.tag(session, ticket, [*(one.name for one in ticket.tags), *canned.orders["tags"].split(",")], by=by)
    if "priority" in canned.orders:
        attributes.prioritise(session, ticket, int(canned.orders["priority"]), by=by)
    if "assign" in canned.orders and me is not None:
        attributes.assign(session, ticket, me, by=by)
