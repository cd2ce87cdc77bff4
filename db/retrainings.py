"""Retrainings: ordered by a person or a program, carried out by one process, judged before their result may serve."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db import desk_settings, lessons, versions
from db.lifecycle import PROGRAM
from db.models import Retraining, now
from db.outbox import is_alive, whoami

NAME = "retraining"
MOST_AFTER = 100_000
SHORTEST_PAUSE = timedelta(hours=6)  # between two that nobody ordered
STEPS = 120
MOST_STEPS = 5000
OPEN = ("queued", "training", "judging", "calibrating")
SILENT = timedelta(minutes=2)  # without a sign of life, another process goes on


class NoSuchRetraining(Exception):
    """There is no retraining of that number."""


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
    """Raise NoSuchRetraining."""
    found = session.get(Retraining, retraining_id)
    if found is None:
        raise NoSuchRetraining(f"There is no retraining {retraining_id}.")
    return found


def newest(session: Session, most: int = 20) -> Sequence[Retraining]:
    return session.scalars(select(Retraining).order_by(Retraining.id.desc()).limit(most)).all()


def ask(session: Session, retraining: Retraining, wanted: str) -> None:
    """`pause`, `cancel`, or `resume`; the process that trains hears of it within seconds. Raise NoSuchRetraining, CannotRetrain."""
    if wanted == "resume" and retraining.state == "paused":
        retraining.state, retraining.wanted, retraining.owner = "queued", "", ""
    elif wanted == "cancel" and (retraining.state == "paused" or is_free(retraining)):
        end(retraining, "cancelled", "It was cancelled before it ended.")
    elif wanted == "pause" and is_free(retraining):
        retraining.state = "paused"
    elif wanted in ("pause", "cancel") and retraining.state in OPEN:
        retraining.wanted = wanted
    else:
        raise CannotRetrain(f"This retraining is {retraining.state}: there is nothing to {wanted}.")


def is_free(retraining: Retraining) -> bool:
    """It waits, and no process has taken it."""
    return retraining.state == "queued" and not retraining.owner


def begin(session: Session, retraining_id: int, step: str) -> Retraining | None:
    """The next step begins; None where the process no longer holds it, or a person wants it to stop."""
    mine = update(Retraining).where(
        Retraining.id == retraining_id,
        Retraining.owner == whoami(),
        Retraining.state.in_(OPEN),
        Retraining.wanted == "",
    )
    taken = session.scalar(
        mine.values(state=step, seen_at=now()).returning(Retraining.id).execution_options(synchronize_session=False)
    )
    return get(session, retraining_id) if taken is not None else None


def states(session: Session) -> dict[int, str]:
    """Of all that there were."""
    return {int(number): str(state) for number, state in session.execute(select(Retraining.id, Retraining.state))}


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
    return "" if made.may_serve else made.words


@dataclass(frozen=True)
class Plan:
    """When a retraining is ordered by itself: after so many new lessons, or on a day of the week at an hour; 0 and "" never."""

    after: int = 0
    day: str = ""
    hour: int = 3


def plan(session: Session) -> Plan:
    return Plan(**desk_settings.stored(session, NAME))


def save_plan(session: Session, *, after: int, day: str, hour: int) -> None:
    """Raise CannotRetrain."""
    if not (0 <= after <= MOST_AFTER and 0 <= hour <= 23 and (not day or day in desk_settings.DAYS)):
        raise CannotRetrain(
            f"State a number of lessons up to {MOST_AFTER}, a day of the week, and an hour from 0 to 23."
        )
    desk_settings.store(session, NAME, {"after": after, "day": day, "hour": hour})


def is_due(planned: Plan, fresh: int, newest_at: datetime | None, here: datetime) -> bool:
    """Whether one is to be ordered now. `fresh`: lessons since the last; `newest_at`: when one was ordered last; `here`: the desk's time."""
    if not fresh or (newest_at is not None and newest_at > here - SHORTEST_PAUSE):
        return False
    if planned.after and fresh >= planned.after:
        return True
    return bool(planned.day) and desk_settings.DAYS[here.weekday()] == planned.day and here.hour == planned.hour


def order_if_due(session: Session, zone: ZoneInfo) -> bool:
    """Order one by itself, where the desk's plan says so and none is under way."""
    planned = plan(session)
    if not planned.after and not planned.day:
        return False
    rows = newest(session, 1)
    fresh = lessons.count_after(session, learnt_up_to(session))
    if not is_due(planned, fresh, rows[0].asked_at if rows else None, now().astimezone(zone)):
        return False
    try:
        order(session, by=PROGRAM)
    except CannotRetrain:
        return False
    return True


def learnt_up_to(session: Session) -> int:
    """The newest lesson that there was for a retraining that came to its end, learnt or kept back to judge on."""
    return session.scalar(select(func.max(Retraining.newest_lesson)).where(Retraining.state == "done")) or 0
