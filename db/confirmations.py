"""One-time codes to the address on file: whoever has the mailbox of an account may speak for it."""

import re
import secrets
from datetime import timedelta
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import outbox, tickets, trail
from db.lifecycle import PROGRAM, Status
from db.models import Confirmation, Ticket, now

LASTS = timedelta(hours=24)
MOST_TRIES = 5
IN_WORDS = re.compile(r"(?<!\d)(\d{4})[- ]?(\d{4})(?!\d)")
Outcome = Literal["none", "right", "wrong", "late", "closed"]
SAID: dict[Outcome, str] = {
    "wrong": "It holds a code that is wrong.",
    "late": "It holds a code that has expired. Send a new one.",
    "closed": f"It holds a wrong code for the {MOST_TRIES}th time: the code no longer counts. Send a new one.",
}


class CannotConfirm(Exception):
    """A code cannot be sent as things stand; the message says why."""


def send(session: Session, ticket: Ticket, username: str, email: str, *, by: str, seen: int) -> Confirmation:
    """Promise a mail with a code to the address on file; an earlier code no longer counts. Raise StaleTicket, CannotConfirm."""
    tickets.check_seen(ticket, seen)
    if ticket.status != Status.IN_REVIEW:
        raise CannotConfirm("A code can be sent while the ticket is in review.")
    for earlier in waiting(session, ticket):
        earlier.state = "replaced"
    digits = f"{secrets.randbelow(10**8):08}"
    made = Confirmation(
        ticket_id=ticket.id,
        username=username,
        email=email,
        code=f"{digits[:4]}-{digits[4:]}",
        state="waiting",
        tries=0,
        expires_at=now() + LASTS,
    )
    session.add(made)
    session.flush()
    payload = {"to": email, "username": username, "code": made.code, "token": secrets.token_hex(8)}
    outbox.promise(session, ticket, "code", payload, key=f"courtdesk-{ticket.id}-code-{made.id}")
    trail.write(session, ticket, "code", actor=by, note=f"to {email}")
    return made


def waiting(session: Session, ticket: Ticket) -> list[Confirmation]:
    found = select(Confirmation).where(Confirmation.ticket_id == ticket.id, Confirmation.state == "waiting")
    return list(session.scalars(found.order_by(Confirmation.id)))


def answered(session: Session, ticket: Ticket, words: str) -> Outcome:
    """Hold a mail that joined the ticket against the code that is out for it."""
    out = waiting(session, ticket)
    codes = {f"{found[1]}-{found[2]}" for found in IN_WORDS.finditer(words)}
    if not out or not codes:
        return "none"
    one = out[-1]
    if one.expires_at < now():
        one.state = "late"
        return "late"
    one.tries += 1
    if any(secrets.compare_digest(code, one.code) for code in codes):
        one.state = "right"
        trust(session, ticket, "code", one.username, by=PROGRAM)
        return "right"
    if one.tries >= MOST_TRIES:
        one.state = "closed"
        return "closed"
    return "wrong"


def trust(session: Session, ticket: Ticket, way: str, username: str, *, by: str, reason: str = "") -> None:
    """Note that whoever wrote last may speak for that account, and why; the next mail of theirs ends it."""
    question = tickets.newest_question(ticket)
    asker = question.from_email if question else ticket.from_email
    ticket.trust = {"way": way, "username": username, "asker": asker, "by": by, "reason": reason}
    ticket.plan = ticket.draft_after = None
    trail.write(session, ticket, "trusted", actor=by, note=f"{way.replace('_', ' ')}: {username}. {reason}".strip())
