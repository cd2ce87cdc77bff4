"""What the chat may answer alone: a signature given ahead by an admin, for one category, on evidence, for one version of the model.

The evidence are drafts that rested on a page, written for mails of that category by the version that serves: how many of them
people signed as they stood, to the last word. In the chat the same pages and the same model speak. An opening that no longer
holds is taken away, not suspended: only an admin gives it back, on evidence from then on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from db import desk_settings, versions
from db.evidence import e_value
from db.looks import SIGNED
from db.models import Lesson, ModelVersion, now
from db.session import OpenSession

NAME = "chat"
ITSELF = "chat"  # the model of lessons that were taught about conversations; they prove nothing
PROOF = 20.0  # e-value, for each category: an error above what the desk accepts ever looks so good in one case of twenty at most
ALARM = 100.0  # e-value of the changes since the opening
MOST, MOST_NEEDED = 3000, 1000


class NotProven(Exception):
    """The evidence does not carry it, or the terms make no sense; the message says what it takes."""


@dataclass(frozen=True)
class Terms:
    """`least`: confidence below which a person answers; `error`: share of drafts that people may have to change.

    `openings`: by category, who opened it when, for which version, and the newest lesson then. `anew`: by category, the lesson
    after which evidence counts again, since an opening was taken away.
    """

    least: float = 0.8
    error: float = 0.1
    openings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    anew: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Granted:
    """What holds at this moment."""

    least: float
    categories: frozenset[str]


@dataclass(frozen=True)
class Evidence:
    """Of `decided` drafts by `version` people changed so many. `missing`: how many more, if none of them is changed, would

    prove that no more than the accepted share is wrong; 0 where it is proven.
    """

    version: str
    decided: int
    changed: int
    missing: int


def terms(session: Session, *, hold: bool = False) -> Terms:
    """`hold`: nobody else changes them until this transaction ends."""
    stored = desk_settings.hold(session, NAME, asdict(Terms())) if hold else desk_settings.stored(session, NAME)
    return Terms(**{name: stored[name] for name in ("least", "error", "openings", "anew") if name in stored})


def store(session: Session, stated: Terms) -> None:
    desk_settings.store(session, NAME, asdict(stated))


def save_terms(session: Session, *, least: float, error: float) -> None:
    """Raise NotProven. What is open closes where the error changes: it was opened on other terms."""
    if not (0.5 <= least <= 1 and 0.01 <= error <= 0.2):
        raise NotProven("State a confidence of 50 to 100 percent, and an error of 1 to 20 percent.")
    before = terms(session, hold=True)
    kept = before.openings if before.error == error else {}
    store(session, replace(before, least=least, error=error, openings=kept))


def granted(session: Session) -> Granted:
    """Cheap: anybody may ask."""
    stated = terms(session)
    holds = [name for name, opening in stated.openings.items() if may_speak(session, str(opening["version"]))]
    return Granted(stated.least, frozenset(holds))


def open_up(session: Session, name: str, *, by: str, tests: int = 1) -> None:
    """`tests`: categories that are looked at in the same way. Raise NotProven."""
    stated = terms(session, hold=True)
    found = evidence(session, name, stated, tests)
    if found.missing:
        raise NotProven(
            f"At least {found.missing} more drafts for such mails must be signed as they stand. Nothing was changed."
        )
    opening = {
        "by": by, "at": now().isoformat(timespec="minutes"), "version": found.version, "lesson": newest_lesson(session),
    }  # fmt: skip
    store(session, replace(stated, openings={**stated.openings, name: opening}))


def close(session: Session, name: str) -> None:
    stated = terms(session, hold=True)
    store(session, replace(stated, openings={key: one for key, one in stated.openings.items() if key != name}))


def close_all(session: Session) -> None:
    store(session, replace(terms(session, hold=True), openings={}))


def close_what_no_longer_holds(open_session: OpenSession) -> bool:
    """Take away what another version, or too many changes since, has made worthless; then evidence begins anew."""
    with open_session.reading() as session:
        stated = terms(session)
        gone = [name for name, one in stated.openings.items() if not still_holds(session, name, one, stated.error)]
    if gone:
        with open_session() as session:
            stated = terms(session, hold=True)
            kept = {name: one for name, one in stated.openings.items() if name not in gone}
            anew = {**stated.anew, **dict.fromkeys(gone, newest_lesson(session))}
            store(session, replace(stated, openings=kept, anew=anew))
    return False


def still_holds(session: Session, name: str, opening: Mapping[str, Any], error: float) -> bool:
    version = str(opening["version"])
    if not may_speak(session, version) or version_of(session, name) not in ("", version):
        return False
    since = decisions(session, name, version, after=int(opening.get("lesson", 0)))
    return e_value(sum(since), len(since), error) < ALARM


def evidence(session: Session, category: str, stated: Terms, tests: int = 1) -> Evidence:
    """Of the version that writes such drafts now, from its first one on: a window that slides would be luckier."""
    version = version_of(session, category)
    changed = decisions(session, category, version, after=stated.anew.get(category, 0)) if version else []
    return Evidence(
        version, len(changed), sum(changed), missing(len(changed), sum(changed), stated.error, PROOF * tests)
    )


def decisions(session: Session, category: str, version: str, *, after: int) -> list[bool]:
    """Whether people changed each draft that rested on a page, oldest first."""
    wanted = of_category(select(Lesson.kind, Lesson.draft, Lesson.answer, Lesson.passages), category)
    rows = session.execute(wanted.where(Lesson.model == version, Lesson.id > after).order_by(Lesson.id).limit(MOST))
    return [kind != "signed" or answer != draft for kind, draft, answer, passages in rows if any(passages)]


def version_of(session: Session, category: str) -> str:
    """Which version wrote the newest of them that may speak; "" where none did."""
    wanted = of_category(select(Lesson.model), category).where(Lesson.model != ITSELF)
    newest = session.scalars(wanted.order_by(Lesson.id.desc()).limit(50))
    return next((model for model in newest if may_speak(session, model)), "")


def of_category(wanted: Select[Any], category: str) -> Select[Any]:
    """What people decided of such drafts."""
    return wanted.where(Lesson.draft["category"].as_string() == category, ~Lesson.by.startswith(SIGNED))


def missing(decided: int, changed: int, error: float, proof: float) -> int:
    """How many more decisions, none of them a change, it takes; looking after each is allowed (`e_value`)."""
    right = decided - changed
    fine = (more for more in range(MOST_NEEDED) if e_value(right + more, decided + more, 1 - error) >= proof)
    return next(fine, MOST_NEEDED)


def may_speak(session: Session, version: str) -> bool:
    """Whether it drafts now; a server elsewhere has no version here."""
    known = session.get(ModelVersion, version) if version else None
    return bool(version) and (known is None or version == versions.serving(session))


def newest_lesson(session: Session) -> int:
    return session.scalar(select(func.max(Lesson.id))) or 0


def cards(session: Session, names: Sequence[str]) -> list[tuple[str, Evidence, Mapping[str, Any] | None]]:
    """For the page: each category with its evidence and, where it is open, its opening."""
    stated = terms(session)
    return [(name, evidence(session, name, stated, len(names)), stated.openings.get(name)) for name in names]
