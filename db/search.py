"""Full text over mails, notes and tickets: the words of a search, its filters, and where they stand.

SQLite looks in FTS5 tables, PostgreSQL in tsvector columns; both are kept by the database itself (migration 0008). Every
word may go on (`reset` finds `resetting`), and all of them must stand in one mail, one note or one ticket.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Select, String, cast, column, func, or_, select, text
from sqlalchemy.orm import Session

from db.lifecycle import Status
from db.models import Mail, Note, Person, Tag, Ticket

MOST_HITS = 2000  # of each kind, the newest: more would not be read
NEWEST = 5000  # rows
# PostgreSQL's index knows no order: of a common word it would fetch every row to find the newest. So the newest rows are
# read themselves, and the index is asked only where they do not hold enough ("+ 0": their numbers are no reason for another).
NEWEST_FIRST = f"""
    SELECT id FROM (
        SELECT id FROM (SELECT id, words FROM {{table}} ORDER BY id DESC LIMIT {NEWEST}) AS newest
        WHERE words @@ to_tsquery('simple', :q_{{table}})
        UNION ALL (
            SELECT id FROM {{table}} WHERE words @@ to_tsquery('simple', :q_{{table}})
            AND id + 0 < (SELECT min(id) FROM (SELECT id FROM {{table}} ORDER BY id DESC LIMIT {NEWEST}) AS newest)
            ORDER BY id DESC LIMIT {MOST_HITS}
        )
    ) AS hits LIMIT {MOST_HITS}"""
BEFORE, AROUND = 12, 60  # characters of an excerpt: a line of the queue has room for few
FILTER = re.compile(
    r'(?:^|(?<=\s))(from|tag|category|status|assignee|before|after|has):(?:"([^"]*)"|(\S+))', re.IGNORECASE
)
NUMBER = re.compile(r"#(\d{1,15})")


class WrongFilter(Exception):
    """A filter of the search names a status or a day that there is not; the message says what it may be."""


@dataclass(frozen=True)
class Wanted:
    """A search as it was typed: words, `name:value` filters, and the ticket whose number it is."""

    words: tuple[str, ...]
    filters: tuple[tuple[str, str], ...] = ()
    number: int | None = None


def read(typed: str) -> Wanted:
    number = NUMBER.fullmatch(typed.strip())
    if number:
        return Wanted((), (), int(number[1]))
    filters = tuple((name.lower(), quoted or plain) for name, quoted, plain in FILTER.findall(typed))
    return Wanted(tuple(re.findall(r"\w+", FILTER.sub(" ", typed))[:12]), filters)


def matching(session: Session, found: Select[Any], typed: str) -> Select[Any]:
    """Only tickets that fit what was typed. Raise WrongFilter."""
    wanted = read(typed)
    if wanted.number is not None:
        return found.where(Ticket.id == wanted.number)
    for name, value in wanted.filters:
        found = found.where(condition(name, value))
    if not wanted.words:
        return found
    hits = select(Mail.ticket_id).where(Mail.id.in_(hits_in(session, "mails", wanted.words)))
    noted = select(Note.ticket_id).where(Note.id.in_(hits_in(session, "notes", wanted.words)))
    return found.where(
        or_(Ticket.id.in_(hits), Ticket.id.in_(noted), Ticket.id.in_(hits_in(session, "tickets", wanted.words)))
    )


def hits_in(session: Session, table: str, words: Sequence[str]) -> Any:
    """The ids of the newest rows of a table in which all the words stand, as a subquery."""
    if session.get_bind().dialect.name == "sqlite":
        found = f"SELECT rowid FROM {table}_words WHERE {table}_words MATCH :q_{table} ORDER BY rowid DESC LIMIT {MOST_HITS}"
        asked = " ".join(f'"{word}"*' for word in words)
    else:
        found = NEWEST_FIRST.format(table=table)
        asked = " & ".join(f"{word}:*" for word in words)
    return text(found).bindparams(**{f"q_{table}": asked}).columns(column("id", Integer))


def condition(name: str, value: str) -> Any:
    """Raise WrongFilter."""
    if name == "from":
        return or_(
            Ticket.from_email.contains(value.lower(), autoescape=True),
            Ticket.from_name.icontains(value, autoescape=True),
        )
    if name == "tag":
        return Ticket.id.in_(select(Tag.ticket_id).where(Tag.name == value.lower()))
    if name == "category":
        return Ticket.category == value
    if name == "assignee":
        return Ticket.assignee_id.in_(select(Person.id).where(Person.email.contains(value.lower(), autoescape=True)))
    if name == "has":
        return (
            Ticket.id.in_(select(Mail.ticket_id).where(cast(Mail.attachments, String) != "[]"))
            if value == "file"
            else wrong(name, "file")
        )
    if name == "status":
        return Ticket.status == value if value in set(Status) else wrong(name, ", ".join(Status))
    day = day_of(name, value)
    return Ticket.received_at < day if name == "before" else Ticket.received_at >= day


def day_of(name: str, value: str) -> datetime:
    try:
        return datetime.fromisoformat(value).astimezone()
    except ValueError:
        raise WrongFilter(f"{name}: may be a day such as 2026-05-31.") from None


def wrong(name: str, allowed: str) -> Any:
    raise WrongFilter(f"{name}: may be {allowed}.")


def excerpts(session: Session, ticket_ids: Sequence[int], typed: str) -> dict[int, list[tuple[str, bool]]]:
    """For each ticket the place where the words stand: pieces of text, and whether each is a hit."""
    words = read(typed).words
    if not words or not ticket_ids:
        return {}
    pattern = re.compile(r"\b(" + "|".join(re.escape(word) for word in words) + r")", re.IGNORECASE)
    found: dict[int, list[tuple[str, bool]]] = {}
    told = select(Note.ticket_id, Note.text).where(Note.ticket_id.in_(ticket_ids)).order_by(Note.id.desc())
    mails = (
        select(Mail.ticket_id, func.substr(Mail.text, 1, 20_000))
        .where(Mail.ticket_id.in_(ticket_ids))
        .order_by(Mail.id.desc())
    )
    for ticket_id, said in [*session.execute(mails), *session.execute(told)]:
        hit = pattern.search(said)
        if hit and ticket_id not in found:
            found[ticket_id] = pieces(said, hit.start(), pattern)
    return found


def pieces(said: str, at: int, pattern: re.Pattern[str]) -> list[tuple[str, bool]]:
    begin = max(0, at - BEFORE)
    shown = ("…" if begin else "") + " ".join(said[begin : at + 2 * AROUND].split())
    return [(piece, number % 2 == 1) for number, piece in enumerate(pattern.split(shown)) if piece]
