"""Who a mail of ours goes to, what it carries, and mails that staff begin: a conversation, a mail passed on to a third party."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from email.utils import getaddresses

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db import attributes, outbox, tickets, trail
from db.decisions import TooLate
from db.lifecycle import Status
from db.models import Promise, Ticket, now
from db.plans import Plan

ADDRESS = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+\.[^\s@<>,;\".]+")
MOST = 20
MOST_BYTES = 15_000_000  # of all that one mail carries: many servers refuse more than 25 MB once it is encoded


class UnusableLetter(Exception):
    """An address that is none, too many of them, nothing to say, or too much to carry; the message says which."""


@dataclass(frozen=True)
class File:
    """What goes along with a mail; its content is kept under its SHA-256."""

    name: str
    type: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Recipients:
    """Lower-case addresses without names. `to` is empty where the usual recipient is meant."""

    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()

    @property
    def all(self) -> list[str]:
        return list(dict.fromkeys((*self.to, *self.cc, *self.bcc)))


def recipients_of(stated: Mapping[str, str]) -> Recipients:
    """Read what was typed into To, Cc and Bcc. Raise UnusableLetter."""
    found = Recipients(*(addresses(str(stated.get(name, ""))) for name in ("to", "cc", "bcc")))
    if len(found.all) > MOST:
        raise UnusableLetter(f"A mail goes to at most {MOST} addresses.")
    return found


def addresses(stated: str) -> tuple[str, ...]:
    """Raise UnusableLetter for the first that is no address."""
    parts = [part.strip() for part in re.split(r"[,;\n]", stated) if part.strip()]
    found = [address or part for part in parts for _, address in getaddresses([part])]
    for one in found:
        if not ADDRESS.fullmatch(one):
            raise UnusableLetter(f"{one!r} is no mail address.")
    return tuple(dict.fromkeys(one.lower() for one in found))


def carried(recipients: Recipients, files: Sequence[File]) -> dict[str, object]:
    """The part of a promise's payload that says who gets it and what goes along; only what there is. Raise UnusableLetter."""
    if sum(one.size for one in files) > MOST_BYTES:
        raise UnusableLetter(f"The files are larger than {MOST_BYTES // 1_000_000} MB together. Send a link instead.")
    lists = {"cc": ", ".join(recipients.cc), "bcc": ", ".join(recipients.bcc)}
    along = {"files": [asdict(one) for one in files]} if files else {}
    return {**{name: value for name, value in lists.items() if value}, **along}


def recipients_in(payload: Mapping[str, object]) -> list[str]:
    """Everybody whom the envelope of a promised mail names."""
    lists = (str(payload.get(name, "")) for name in ("to", "cc", "bcc"))
    return list(dict.fromkeys(one for stated in lists for one in stated.split(", ") if one))


def begin(session: Session, *, by: str, to: str, name: str, subject: str) -> Ticket:
    """A conversation that we begin: a ticket in review whose reply is still to be written. Raise UnusableLetter."""
    (email, *more) = addresses(to) or ("",)
    if not email or more:
        raise UnusableLetter("Say to which one address you write; others go into Cc.")
    ticket = Ticket(subject=subject or "Your club", from_name=name, from_email=email, status=Status.RECEIVED, version=1)
    session.add(ticket)
    session.flush()
    trail.write(session, ticket, "begun", actor=by, new=Status.RECEIVED.value, note=f"to {email}")
    ticket.plan = Plan("", {}, email, note="You write first.").as_json()
    tickets.move(session, ticket, Status.IN_REVIEW, actor=by, seen=1, note="to be written")
    return ticket


def forward(
    session: Session,
    ticket: Ticket,
    *,
    by: str,
    recipients: Recipients,
    words: str,
    wait: bool,
    undo_seconds: float = 0,
) -> Promise:
    """Pass the newest mail on to a third party, with some words; the ticket may wait for the answer. Raise UnusableLetter."""
    question = tickets.newest_question(ticket)
    if question is None:
        raise UnusableLetter("This ticket has no mail that could be passed on.")
    if not recipients.to:
        raise UnusableLetter("Say to whom.")
    payload = {
        "to": ", ".join(recipients.to),
        "subject": ticket.subject,
        "body": words.strip(),
        "mail_id": question.id,
        "token": secrets.token_hex(8),
        **carried(recipients, ()),
    }
    key = f"courtdesk-{ticket.id}-letter-{secrets.token_hex(6)}"
    row = outbox.promise(session, ticket, "letter", payload, key=key, delay=undo_seconds)
    trail.write(session, ticket, "forwarded", actor=by, note=f"to {payload['to']}")
    if wait:
        attributes.wait(session, ticket, str(payload["to"]), by=by)
    return row


def on_the_way(session: Session) -> Sequence[Promise]:
    """Mails that were passed on and may still be taken back, newest first."""
    waits = (Promise.kind == "letter", Promise.state == "promised", Promise.attempts == 0, Promise.not_before > now())
    return session.scalars(select(Promise).where(*waits).order_by(Promise.id.desc()).limit(10)).all()


def take_back(session: Session, ticket: Ticket, promise_id: int, *, by: str) -> None:
    """Before it leaves. Raise TooLate."""
    mine = update(Promise).where(Promise.id == promise_id, Promise.ticket_id == ticket.id, Promise.kind == "letter")
    free = mine.where(Promise.state == "promised", Promise.attempts == 0).values(state="withdrawn")
    if session.scalar(free.returning(Promise.id).execution_options(synchronize_session=False)) is None:
        raise TooLate("The mail has left already.")
    row = session.get_one(Promise, promise_id)
    if ticket.waiting_for == row.payload["to"]:
        attributes.wait(session, ticket, "", by=by)
    trail.write(session, ticket, "taken back", actor=by, note=f"not to {row.payload['to']}")
