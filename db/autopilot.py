"""The autopilot: which categories are open, on what terms, and when they close.

A signature given ahead: by an admin, for one category, on evidence, until the error rises, the model changes or somebody
switches it off. What it may do at all, and how the evidence is worked out, stands in `ai.autopilot`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import decisions, desk_settings, looks, tickets
from db.evidence import e_value, lower_bound
from db.lifecycle import ForbiddenMove, Status
from db.looks import ACTOR, SIGNED
from db.models import AutopilotCategory, Ticket, now

NAME = "autopilot"
MOST_ERROR, LEAST_AUDIT = 0.2, 0.05
ALARM = 200.0  # at most one false alarm in so many audits, on average, if the error were just what the desk accepts
CERTAIN = 0.01  # chance of closing on found errors although no more are wrong than the desk accepts
WINDOW = 500  # of the newest audits, in which a rise is looked for


class CannotOpen(Exception):
    """The evidence is missing, or the settings make no sense; the message says what it takes."""


@dataclass(frozen=True)
class Terms:
    """`error`: share of wrong answers that the desk accepts; `audit`: share that a person sees all the same; `minutes`: how

    long what it signed can be taken back.
    """

    is_on: bool = True
    error: float = 0.01
    audit: float = 0.1
    minutes: int = 10


def terms(session: Session, *, hold: bool = False) -> Terms:
    """`hold`: nobody changes them, and nobody signs by them, until this transaction ends."""
    found = desk_settings.hold(session, NAME, asdict(Terms())) if hold else desk_settings.stored(session, NAME)
    return Terms(**found)


def save_terms(session: Session, *, error: float, audit: float, minutes: int) -> None:
    """Raise CannotOpen. What is open closes: it was opened on other terms."""
    if not (0.001 <= error <= MOST_ERROR and LEAST_AUDIT <= audit <= 1 and 1 <= minutes <= 24 * 60):
        raise CannotOpen(
            f"State an error of 0.1 to {MOST_ERROR:.0%}, a share of at least {LEAST_AUDIT:.0%} to look at, and 1 to 1440 minutes."
        )
    before = terms(session, hold=True)
    desk_settings.store(session, NAME, asdict(replace(before, error=error, audit=audit, minutes=minutes)))
    if (before.error, before.audit) != (error, audit):
        close_all(session, "The terms were changed.")


def switch(session: Session, *, is_on: bool, by: str) -> int:
    """The one switch. Off: what can still be taken back is, into review. Returns how many were."""
    desk_settings.store(session, NAME, asdict(replace(terms(session, hold=True), is_on=is_on)))
    return 0 if is_on else take_back(session, by=by)


def category(session: Session, name: str) -> AutopilotCategory:
    found = session.get(AutopilotCategory, name)
    if found is None:
        found = AutopilotCategory(name=name, is_open=False, by="", words="", terms={}, evidence={})
        session.add(found)
        session.flush()
    return found


def categories(session: Session) -> dict[str, AutopilotCategory]:
    return {one.name: one for one in session.scalars(select(AutopilotCategory))}


def open_up(session: Session, name: str, *, by: str) -> None:
    """Raise CannotOpen where the evidence does not carry it."""
    now_in_force, found = terms(session, hold=True), category(session, name)
    if found.evidence.get("threshold") is None or found.evidence.get("error") != now_in_force.error:
        raise CannotOpen("There is not enough evidence to open this category yet. Nothing was changed.")
    found.is_open, found.by, found.opened_at, found.closed_at, found.words = True, by, now(), None, ""
    anew = {"anew": found.terms["anew"]} if "anew" in found.terms else {}
    found.terms = {**anew, **{name: found.evidence[name] for name in ("threshold", "fit", "model", "error")}}


def close(session: Session, found: AutopilotCategory, words: str) -> None:
    """What it signed and can be taken back comes back to review. Evidence from before no longer opens it."""
    if found.is_open:
        terms(session, hold=True)
        found.is_open, found.closed_at, found.words = False, now(), words
        take_back(session, by=ACTOR, only=found.name)


def close_all(session: Session, words: str) -> None:
    for found in session.scalars(select(AutopilotCategory).where(AutopilotCategory.is_open)).all():
        close(session, found, words)


def take_back(session: Session, *, by: str, only: str = "") -> int:
    """Everything that it signed and that has not begun."""
    found = select(Ticket).where(Ticket.status == Status.APPROVED, Ticket.signed_by.startswith(SIGNED))
    count = 0
    for ticket in session.scalars(found.where(Ticket.category == only) if only else found).all():
        try:
            with session.begin_nested():
                decisions.withdraw(session, ticket, by=by, seen=ticket.version)
            count += 1
        except (decisions.TooLate, tickets.StaleTicket, ForbiddenMove):
            continue  # it is being carried out
    return count


def close_what_is_worse(session: Session) -> None:
    """Has the share of wrong answers risen above what the desk accepts? Asked before anything more is signed."""
    for found in session.scalars(select(AutopilotCategory).where(AutopilotCategory.is_open)).all():
        wrong = [not right for right in looks.audited(session, found.name, since=found.opened_at, most=WINDOW)]
        error = float(found.terms["error"])
        if risen(wrong, error):
            what = f"{sum(wrong)} of the last {len(wrong)} answers looked at were changed"
            begin_anew(session, found, f"It closed by itself: {what}.")
            continue
        count, every = looks.found_wrong(session, found.name, since=found.opened_at, most=WINDOW)
        if every and lower_bound(count, every, CERTAIN) > error:
            what = f"{count} of the last {every} answers that went alone were found wrong"
            begin_anew(session, found, f"It closed by itself: {what}.")


def begin_anew(session: Session, found: AutopilotCategory, words: str) -> None:
    """Closed, and what was decided before proves nothing any more."""
    close(session, found, words)
    found.terms = {**found.terms, "anew": found.closed_at.isoformat() if found.closed_at else ""}
    found.evidence = {}


def risen(wrong: Sequence[bool], error: float) -> bool:
    """Whether the share of wrong ones rose above `error` at some moment of the sequence, oldest first.

    Shiryaev-Roberts sum of e-values, one begun at each moment (e-detectors: Shin, Ramdas and Rinaldo 2022): where it never
    rose, an alarm comes once in ALARM looks at most, on average.
    """
    total, count, summed = 0, 0, 0.0
    for one in reversed(wrong):  # from each beginning up to now
        total, count = total + 1, count + one
        summed += e_value(count, total, error)
    return summed >= ALARM
