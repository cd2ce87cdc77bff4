"""Notes: what colleagues tell each other about a ticket. They never leave the desk."""

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import notices, trail
from db.models import Note, Person, Ticket

LONGEST = 10_000
MENTION = re.compile(r"(?<![\w@])@([\w.+-]+(?:@[\w.-]+\w)?)")


class EmptyNote(Exception):
    """There is nothing in it, or too much."""


def add(session: Session, ticket: Ticket, text: str, *, by: str) -> Note:
    """Raise EmptyNote."""
    said = text.replace("\r\n", "\n").strip()
    if not said or len(said) > LONGEST:
        raise EmptyNote(f"Write a note of at most {LONGEST} characters." if said else "The note is empty.")
    note = Note(ticket_id=ticket.id, author=by, text=said, mentions=[one.id for one in mentioned(session, said)])
    session.add(note)
    for person in mentioned(session, said):
        if person.email != by:
            notices.tell(session, person, ticket, "mentioned", f"{by}: {said[:200]}")
    trail.write(session, ticket, "noted", actor=by)
    return note


def mentioned(session: Session, text: str) -> list[Person]:
    """The colleagues whose name or address stands in it behind an @."""
    names = {name.lower().rstrip(".") for name in MENTION.findall(text)}
    if not names:
        return []
    return [one for one in session.scalars(select(Person)).all() if names & names_of(one)]


def names_of(person: Person) -> set[str]:
    """What one may write behind an @: the address, what stands before its @, the first name, the whole name."""
    name = person.name.lower()
    return {person.email, person.email.partition("@")[0], name.split(" ")[0], name.replace(" ", ".")} - {""}
