"""A draft of a mail that is no ticket: asked for by a program, stored nowhere. And a line in the books for each call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from db.drafts import Draft
from db.models import ApiCall, now
from db.session import OpenSession

KEPT = timedelta(days=90)


class Busy(Exception):
    """Too much waits already; `seconds` says when to ask again."""

    def __init__(self, words: str, seconds: int) -> None:
        super().__init__(words)
        self.seconds = seconds


@dataclass(frozen=True)
class MailIn:
    """What is asked about; `date` is aware."""

    subject: str
    body: str
    from_email: str
    from_name: str
    date: datetime


@dataclass(frozen=True)
class Triaged:
    """What the desk would propose. `draft.details` are resolved; `categories` the best three with their probabilities."""

    draft: Draft
    confidence: float
    needs_human: bool
    categories: Sequence[tuple[str, float]] = ()
    reasons: Sequence[str] = ()
    sources: Sequence[Mapping[str, str]] = ()
    model: str = ""
    timings_ms: Mapping[str, int] = field(default_factory=dict)


def note(session: Session, caller: str, route: str, status: int, milliseconds: int) -> None:
    """Who called what, and what came of it; nothing of what was said."""
    session.add(ApiCall(caller=caller, route=route, status=status, milliseconds=milliseconds))


def forget_old(open_session: OpenSession) -> bool:
    """Calls of three months ago. Returns False: there is time until the next look."""
    with open_session() as session:
        session.execute(delete(ApiCall).where(ApiCall.at < now() - KEPT))
    return False
