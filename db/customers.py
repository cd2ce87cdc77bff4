"""Customers: whoever writes, with all the addresses that are theirs, and everything that they wrote about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Customer, CustomerAddress, Ticket

MOST_SHOWN = 50


class CannotMerge(Exception):
    """Two customers cannot be made one as stated; the message says why."""


@dataclass(frozen=True)
class Membership:
    """An account that the club has for one of the addresses. `bookings` are those to come: when, and where."""

    username: str
    full_name: str
    email: str
    status: str
    member_since: str = ""
    bookings: tuple[tuple[datetime, str], ...] = ()


@dataclass(frozen=True)
class Known:
    """What this desk knows of somebody. `customer_id` is None where nothing was written down yet."""

    name: str
    emails: tuple[str, ...]
    about: str = ""
    customer_id: int | None = None


def of(session: Session, email: str) -> Known:
    """Whoever has that address, by what was written down or by the newest mail."""
    email = email.strip().lower()
    written = session.get(CustomerAddress, email)
    customer = session.get(Customer, written.customer_id) if written else None
    if customer is None:
        return Known(newest_name(session, (email,)) or email, (email,))
    emails = tuple(one.email for one in customer.addresses)
    return Known(customer.name or newest_name(session, emails) or email, emails, customer.about, customer.id)


def newest_name(session: Session, emails: Sequence[str]) -> str:
    named = select(Ticket.from_name).where(Ticket.from_email.in_(emails), Ticket.from_name != "")
    return session.scalar(named.order_by(Ticket.id.desc()).limit(1)) or ""


def tickets_of(session: Session, known: Known, most: int = MOST_SHOWN) -> Sequence[Ticket]:
    """Everything of theirs, newest first."""
    found = select(Ticket).where(Ticket.from_email.in_(known.emails)).order_by(Ticket.id.desc())
    return session.scalars(found.limit(most)).all()


def count_of(session: Session, known: Known) -> int:
    return session.scalar(select(func.count()).where(Ticket.from_email.in_(known.emails))) or 0


def write_down(session: Session, email: str, *, name: str = "", about: str = "") -> Customer:
    """What staff want to remember of somebody."""
    customer = kept(session, email)
    customer.name, customer.about = " ".join(name.split())[:200], about.strip()[:5000]
    return customer


def kept(session: Session, email: str) -> Customer:
    known = of(session, email)
    if known.customer_id is not None:
        return session.get_one(Customer, known.customer_id)
    customer = Customer(name="" if known.name == email else known.name)
    session.add(customer)
    session.flush()
    session.add(CustomerAddress(email=email.strip().lower(), customer_id=customer.id))
    session.flush()
    session.refresh(customer)
    return customer


def merge(session: Session, email: str, other: str) -> Customer:
    """Both addresses, and all that belong to either, are one person from now on. Raise CannotMerge."""
    if "@" not in other:
        raise CannotMerge("Say which other address is theirs.")
    stays, goes = kept(session, email), kept(session, other)
    if stays.id == goes.id:
        raise CannotMerge(f"{other} is one of their addresses already.")
    for address in list(goes.addresses):
        address.customer_id = stays.id
    stays.name = stays.name or goes.name
    stays.about = "\n\n".join(words for words in (stays.about, goes.about) if words)
    session.flush()
    session.expire(goes)
    session.delete(goes)
    session.flush()
    session.expire(stays)
    return stays


def part(session: Session, email: str) -> None:
    """This address is somebody else's after all."""
    address = session.get(CustomerAddress, email.strip().lower())
    if address is not None:
        session.delete(address)
