"""The outbox: what was signed, kept until it has happened once.

promised → running (claimed, nothing sent) → inflight (the irreversible byte may be out) → done | refused | unknown
"""

import json
import os
import socket
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import and_, or_, select, true, update
from sqlalchemy.orm import Session

from db import logs
from db.lifecycle import Status
from db.models import Promise, Ticket, now

LEASE = timedelta(seconds=120)
MOST_ATTEMPTS = 5
LONGEST_WAIT = 300  # seconds
CLOCKS_DIFFER = timedelta(seconds=30)  # of the machines that share a database, at most


class LostLease(Exception):
    """Another worker took the promise over; what this one knows no longer counts."""


def promise(
    session: Session, ticket: Ticket, kind: str, payload: Mapping[str, Any], *, key: str, delay: float = 0
) -> Promise:
    row = Promise(
        ticket_id=ticket.id,
        kind=kind,
        payload=dict(payload),
        key=key,
        digest=digest_of(kind, key, payload),
        not_before=now() + timedelta(seconds=delay),
    )
    session.add(row)
    return row


def digest_of(kind: str, key: str, payload: Mapping[str, Any]) -> str:
    """SHA-256 of what was signed, byte for byte."""
    signed = json.dumps([kind, key, payload], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256(signed.encode()).hexdigest()


def is_as_signed(row: Promise) -> bool:
    """Rows of versions before 0006 have no digest."""
    return row.digest in ("", digest_of(row.kind, row.key, row.payload))


def claim(session: Session, kind: str, *, when: Status | None = None) -> Promise | None:
    """Take the oldest due promise whose ticket has that status, or any; the attempt is counted here, before anything."""
    # A row from the future: the clock was set back since, and nobody can say how long to wait.
    is_due = or_(Promise.not_before <= now(), Promise.created_at > now() + CLOCKS_DIFFER)
    due = (
        select(Promise)
        .join(Ticket)
        .where(Promise.kind == kind, is_due, true() if when is None else Ticket.status == when)
        .order_by(Promise.not_before, Promise.id)
    )
    begun = session.scalars(due.where(Promise.state.in_(("running", "inflight"))))  # as few as there are workers
    free = next((row for row in begun if is_abandoned(row)), None) or session.scalar(
        due.where(Promise.state == "promised").limit(1).with_for_update(of=Promise, skip_locked=True)
    )
    if free is None:
        return None
    taken = session.scalar(
        update(Promise)
        .where(Promise.id == free.id, Promise.state == free.state, Promise.attempts == free.attempts)
        .values(
            state="running" if free.state != "inflight" else "inflight",
            attempts=Promise.attempts + 1,
            owner=whoami(),
            lease_until=now() + LEASE,
        )
        .returning(Promise.id)
        .execution_options(synchronize_session=False)
    )
    if taken is None:
        return None
    session.refresh(free)
    logs.about(ticket=free.ticket_id)
    return free


def is_abandoned(row: Promise) -> bool:
    """Its lease ran out, or the process that held it on this machine is gone."""
    if row.lease_until is None or row.lease_until < now():
        return True
    host, _, pid = row.owner.partition(":")
    return host == socket.gethostname() and not is_alive(int(pid))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def whoami() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def go(session: Session, promise_id: int) -> None:
    """Note that the irreversible byte leaves next. Commit before sending it. Raise LostLease."""
    settle(session, promise_id, state="inflight")


def settle(session: Session, promise_id: int, **values: Any) -> None:
    """Write the outcome, if the promise is still ours. Raise LostLease."""
    settled = session.scalar(
        update(Promise)
        .where(Promise.id == promise_id, Promise.owner == whoami(), Promise.state.in_(("running", "inflight")))
        .values(**values)
        .returning(Promise.id)
        .execution_options(synchronize_session=False)
    )
    if settled is None:
        raise LostLease(f"Promise {promise_id} is no longer held by this process.")


def try_later(session: Session, row: Promise, reason: str, *, begun: bool = True) -> None:
    """Nothing happened at the other side: put it back, with a wait that doubles up to five minutes.

    `begun`: something was sent, though in vain.
    """
    failures = row.failures + 1
    wait = min(LONGEST_WAIT, 2**failures)
    settle(
        session,
        row.id,
        state="promised",
        failures=failures,
        attempts=row.attempts - 1,  # a clean failure is no crash
        not_before=now() + timedelta(seconds=wait),
        result={"error": reason} if begun else None,
    )


def withdraw(session: Session, ticket: Ticket) -> bool:
    """Take back what was signed for the ticket. False, and nothing changed, where one has been claimed."""
    is_open = Promise.state.in_(("promised", "running", "inflight"))
    mine = and_(Promise.ticket_id == ticket.id, Promise.kind.in_(("action", "reply")), is_open)
    open_rows = session.scalars(select(Promise).where(mine).execution_options(populate_existing=True)).all()
    if any(row.state != "promised" or row.attempts for row in open_rows):
        return False
    for row in open_rows:
        row.state = "withdrawn"
    session.flush()
    return True


def retire(session: Session, ticket: Ticket) -> None:
    """What is still open can no longer be kept: a refused action leaves no reply to send."""
    session.execute(
        update(Promise)
        .where(Promise.ticket_id == ticket.id, Promise.kind.in_(("action", "reply")), Promise.state == "promised")
        .values(state="withdrawn")
        .execution_options(synchronize_session="fetch")
    )


def again(session: Session, row: Promise) -> None:
    """Promise the same once more, under the same key: a person says that it did not happen."""
    row.state, row.attempts, row.failures, row.result = "promised", 0, 0, None
    row.owner, row.lease_until, row.not_before = "", None, now()


def reinstate(session: Session, ticket: Ticket) -> None:
    """The newest reply that was retired with its action is promised again."""
    retired = [row for row in ticket.promises if row.kind == "reply" and row.state == "withdrawn"]
    if retired:
        again(session, retired[-1])


def has_acted(ticket: Ticket) -> bool:
    """Whether a person said that the action of the answer under way has happened: it must not be signed again."""
    action, reply = latest(ticket, "action"), latest(ticket, "reply")
    if action is None or action.state != "done" or "said_by" not in (action.result or {}):
        return False
    return reply is None or reply.state != "done" or reply.id < action.id


def is_by_hand(ticket: Ticket) -> bool:
    """Actions that no mail asked for: there is nobody to answer."""
    return not any(row.kind == "reply" for row in ticket.promises)


def unsettled(ticket: Ticket) -> Promise | None:
    """What nobody knows of, or the server refused to take: the newest, if a person has not settled it."""
    rows = [row for row in ticket.promises if row.kind in ("action", "reply") and row.state in ("unknown", "refused")]
    return rows[-1] if rows else None


def due_without_action(session: Session) -> Ticket | None:
    """An approved ticket whose undo window is over and which has no action to wait for."""
    with_action = select(Promise.ticket_id).where(
        Promise.kind == "action", Promise.state.in_(("promised", "running", "inflight", "done"))
    )
    return session.scalar(
        select(Ticket)
        .join(Promise)
        .where(Ticket.status == Status.APPROVED, Promise.kind == "reply", Promise.state == "promised")
        .where(or_(Promise.not_before <= now(), Promise.created_at > now() + CLOCKS_DIFFER))
        .where(Ticket.id.not_in(with_action))
        .limit(1)
    )


def latest(ticket: Ticket, kind: str) -> Promise | None:
    rows = [row for row in ticket.promises if row.kind == kind and row.state != "withdrawn"]
    return rows[-1] if rows else None
