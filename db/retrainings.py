"""Retrainings: ordered by a person or a program, carried out by one process, judged before their result may serve."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from db import versions
from db.models import Retraining, now
from db.outbox import is_alive, whoami

STEPS = 120
MOST_STEPS = 5000
OPEN = ("queued", "training", "calibrating", "judging")
SILENT = timedelta(minutes=2)  # without a sign of life, another process goes on


class CannotRetrain(Exception):
    """One is under way already, or this one is not in a state for that; the message says which."""


def order(session: Session, *, by: str, steps: int = STEPS) -> Retraining:
    """Raise CannotRetrain while another is under way."""
    if not 1 <= steps <= MOST_STEPS:
        raise CannotRetrain(f"A retraining has 1 to {MOST_STEPS} steps.")
    if session.scalar(select(Retraining.id).where(Retraining.state.in_((*OPEN, "paused"))).limit(1)) is not None:
        raise CannotRetrain("A retraining is under way already. Let it end, or cancel it.")
    made = Retraining(asked_by=by, steps=steps, start=versions.serving(session))
    session.add(made)
    session.flush()
    return made


def get(session: Session, retraining_id: int) -> Retraining:
    """Raise CannotRetrain."""
    found = session.get(Retraining, retraining_id)
    if found is None:
        raise CannotRetrain(f"There is no retraining {retraining_id}.")
    return found


def newest(session: Session, most: int = 20) -> Sequence[Retraining]:
    return session.scalars(select(Retraining).order_by(Retraining.id.desc()).limit(most)).all()


def ask(session: Session, retraining: Retraining, wanted: str) -> None:
    """`pause`, `cancel`, or `resume`; the process that trains hears of it within seconds. Raise CannotRetrain."""
    if wanted == "resume" and retraining.state == "paused":
        retraining.state, retraining.wanted, retraining.owner = "queued", "", ""
    elif wanted == "cancel" and retraining.state in ("queued", "paused"):
        end(retraining, "cancelled", "It was cancelled before it ended.")
    elif wanted == "pause" and retraining.state == "queued":
        retraining.state = "paused"
    elif wanted in ("pause", "cancel") and retraining.state in OPEN:
        retraining.wanted = wanted
    else:
        raise CannotRetrain(f"This retraining is {retraining.state}: there is nothing to {wanted}.")


def claim(session: Session) -> Retraining | None:
    """Take the one that waits, or that a process left behind when it died."""
    found = session.scalar(select(Retraining).where(Retraining.state.in_(OPEN)).order_by(Retraining.id).limit(1))
    if found is None or (found.owner and not is_abandoned(found)):
        return None
    mine = update(Retraining).where(
        Retraining.id == found.id, Retraining.owner == found.owner, Retraining.state == found.state
    )
    taken = mine.values(owner=whoami(), seen_at=now()).returning(Retraining.id)
    if session.scalar(taken.execution_options(synchronize_session=False)) is None:
        return None
    session.refresh(found)
    return found


def is_abandoned(retraining: Retraining) -> bool:
    host, _, pid = retraining.owner.partition(":")
    if host == whoami().partition(":")[0]:
        return not is_alive(int(pid)) or retraining.owner == whoami()
    return retraining.seen_at is None or retraining.seen_at < now() - SILENT


def end(retraining: Retraining, state: str, words: str, report: dict[str, Any] | None = None) -> None:
    retraining.state, retraining.words, retraining.ended_at = state, words, now()
    retraining.wanted, retraining.owner = "", ""
    retraining.report = report or retraining.report


def of_version(session: Session, name: str) -> Retraining | None:
    return session.scalar(select(Retraining).where(Retraining.version == name).order_by(Retraining.id.desc()).limit(1))


def may_serve(session: Session, name: str) -> str:
    """Why that version may not be promoted, in words; "" where it may. One that was trained elsewhere is its owner's choice."""
    made = of_version(session, name)
    if made is None:
        return ""
    if made.state != "done":
        return "It has not been judged yet."
    return "" if made.report.get("may_serve") else made.words


def learnt_up_to(session: Session) -> int:
    """The newest lesson that a finished retraining has learnt from."""
    done = select(Retraining.last_lesson).where(or_(Retraining.state == "done", Retraining.last_lesson > 0))
    return session.scalar(done.order_by(Retraining.last_lesson.desc()).limit(1)) or 0
