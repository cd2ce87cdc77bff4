"""Leases: of many processes over one database one at a time does a thing, and another goes on when it dies."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.loop import Loop
from db.models import Lease, now
from db.outbox import is_alive, whoami
from db.session import OpenSession

LENGTH = timedelta(seconds=30)
RENEWED = timedelta(seconds=20)  # what is left when it is made longer


def alone(open_session: OpenSession, name: str, stage: Callable[[], bool], *, every: float) -> Loop:
    """A loop whose steps one process does at a time; when it closes, another goes on at once."""
    return Loop(
        name,
        lambda: hold(open_session, name) and stage(),
        every,
        close=lambda: let_go(open_session, name),
    )


def hold(open_session: OpenSession, name: str, *, owner: str = "") -> bool:
    """Whether this process holds the lease: ours is made longer in time, a free one is taken. Reads only, mostly."""
    me = owner or whoami()
    with open_session.reading() as session:
        found = session.get(Lease, name)
        if found is not None and not is_free(found) and found.owner != me:
            return False
        if found is not None and found.owner == me and found.until > now() + RENEWED:
            return True
    try:
        with open_session() as session:
            return take(session, name, me)
    except IntegrityError:  # another process was first to write it down
        return False


def take(session: Session, name: str, me: str) -> bool:
    found = session.scalar(select(Lease).where(Lease.name == name))
    if found is None:
        session.add(Lease(name=name, owner=me, until=now() + LENGTH))
        session.flush()
        return True
    before = found.owner if is_free(found) else me
    mine = update(Lease).where(
        Lease.name == name, or_(Lease.owner == me, (Lease.owner == before) & (Lease.until == found.until))
    )
    taken = mine.values(owner=me, until=now() + LENGTH).returning(Lease.name)
    return session.scalar(taken.execution_options(synchronize_session=False)) is not None


def is_free(lease: Lease) -> bool:
    """It ran out, or the process that held it on this machine is gone."""
    host, _, pid = lease.owner.partition(":")
    is_ours = host == whoami().partition(":")[0] and pid.isdigit()
    return lease.until < now() or (is_ours and not is_alive(int(pid)))


def let_go(open_session: OpenSession, name: str, *, owner: str = "") -> None:
    """So that another need not wait until it runs out."""
    with open_session() as session:
        session.execute(delete(Lease).where(Lease.name == name, Lease.owner == (owner or whoami())))
