"""How the parts of the house are doing: what the lamps in the header say."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Part, now

NAMES = ("mail", "model", "club", "reply")


def report(session: Session, name: str, state: str, words: str) -> None:
    """`state` is ok, failing or resting; the clock starts when it changes."""
    part = session.get(Part, name)
    if part is None:
        session.add(Part(name=name, state=state, words=words))
    elif (part.state, part.words) != (state, words):
        part.since = now() if part.state != state else part.since
        part.state, part.words = state, words


def all_parts(session: Session) -> Sequence[Part]:
    by_name = {part.name: part for part in session.scalars(select(Part))}
    return [by_name[name] for name in NAMES if name in by_name]
