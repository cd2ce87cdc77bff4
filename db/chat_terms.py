"""What the chat may answer alone: a signature given ahead by an admin, for one category, on evidence, until it no longer holds.

The evidence are drafts that rested on a page, written for mails of that category by the version that serves: how many of them
people signed as they stood, to the last word. In the chat the same pages and the same model speak.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import desk_settings, versions
from db.evidence import e_value
from db.looks import SIGNED
from db.models import Lesson, ModelVersion, now

NAME = "chat"
MOST = 300  # decisions, the newest, that the evidence is made of
PROOF = 20.0  # e-value: an error above what the desk accepts looks so good in one case of twenty at most
ALARM = 100.0  # e-value: of the errors that came since
MOST_NEEDED = 1000


class NotProven(Exception):
    """The evidence does not carry it, or the terms make no sense; the message says what it takes."""


@dataclass(frozen=True)
class Terms:
    """`least`: confidence below which a person answers; `error`: share of drafts that people may have to change; `openings`: by

    category, who opened it when, and which version of the model was meant.
    """

    least: float = 0.8
    error: float = 0.1
    openings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Granted:
    """What holds at this moment."""

    least: float
    categories: frozenset[str]


@dataclass(frozen=True)
class Evidence:
    """Of `decided` drafts by `version` people changed so many. `missing`: how many more, if none of them is changed, would

    prove that no more than the accepted share is wrong; 0 where it is proven. `is_worse`: more are wrong.
    """

    version: str
    decided: int
    changed: int
    missing: int
    is_worse: bool


def terms(session: Session) -> Terms:
    stored = desk_settings.stored(session, NAME)
    return Terms(**{name: stored[name] for name in ("least", "error", "openings") if name in stored})


def save_terms(session: Session, *, least: float, error: float) -> None:
    """Raise NotProven. What is open closes where the error changes: it was opened on other terms."""
    if not (0.5 <= least <= 1 and 0.01 <= error <= 0.2):
        raise NotProven("State a confidence of 50 to 100 percent, and an error of 1 to 20 percent.")
    before = terms(session)
    kept = before.openings if before.error == error else {}
    store(session, Terms(least, error, kept))


def store(session: Session, stated: Terms) -> None:
    desk_settings.store(session, NAME, asdict(stated))


def granted(session: Session) -> Granted:
    """The categories that are open, whose version still serves, and whose answers have not become worse."""
    stated = terms(session)
    holds = [
        name
        for name, opening in stated.openings.items()
        if serves(session, opening["version"]) and not evidence(session, name, stated.error).is_worse
    ]
    return Granted(stated.least, frozenset(holds))


def open_up(session: Session, name: str, *, by: str) -> None:
    """Raise NotProven."""
    stated = terms(session)
    found = evidence(session, name, stated.error)
    if found.missing or found.is_worse:
        raise NotProven(
            f"At least {found.missing or MOST_NEEDED} more drafts for such mails must be signed as they stand. Nothing was changed."
        )
    opening = {"by": by, "at": now().isoformat(timespec="minutes"), "version": found.version}
    store(session, replace(stated, openings={**stated.openings, name: opening}))


def close(session: Session, name: str) -> None:
    stated = terms(session)
    store(session, replace(stated, openings={key: one for key, one in stated.openings.items() if key != name}))


def close_all(session: Session) -> None:
    store(session, replace(terms(session), openings={}))


def evidence(session: Session, category: str, error: float) -> Evidence:
    """Of the version that wrote the newest such draft; one that serves no longer proves nothing."""
    rested = select(Lesson).where(Lesson.draft["category"].as_string() == category, ~Lesson.by.startswith(SIGNED))
    newest = session.scalars(rested.order_by(Lesson.id.desc()).limit(MOST)).all()
    version = newest[0].model if newest else ""
    those = [one for one in newest if one.model == version and any(one.passages)] if serves(session, version) else []
    changed = sum(was_changed(one) for one in those)
    return Evidence(
        version,
        len(those),
        changed,
        missing(len(those), changed, error),
        bool(those) and e_value(changed, len(those), error) >= ALARM,
    )


def was_changed(lesson: Lesson) -> bool:
    return lesson.kind != "signed" or lesson.answer != lesson.draft


def missing(decided: int, changed: int, error: float) -> int:
    """How many more decisions, none of them a change, it takes; looking after each is allowed (`e_value`)."""
    right = decided - changed
    fine = (more for more in range(MOST_NEEDED) if e_value(right + more, decided + more, 1 - error) >= PROOF)
    return next(fine, MOST_NEEDED)


def serves(session: Session, version: str) -> bool:
    """Whether it drafts now; a server elsewhere has no version here."""
    known = session.get(ModelVersion, version) if version else None
    return bool(version) and (known is None or version == versions.serving(session))


def cards(session: Session, names: Sequence[str]) -> list[tuple[str, Evidence, Mapping[str, str] | None]]:
    """For the page: each category with its evidence and, where it is open and that holds, its opening."""
    stated, holds = terms(session), granted(session).categories
    return [
        (name, evidence(session, name, stated.error), stated.openings.get(name) if name in holds else None)
        for name in names
    ]
