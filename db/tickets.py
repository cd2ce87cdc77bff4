"""Finding tickets, and the one door through which a status changes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from db import lessons, looks, outbox, rules, search, targets, trail, trials
from db.drafts import Draft, DraftJson
from db.lifecycle import PROGRAM, Status, check_move
from db.models import Event, Mail, Ticket, now
from db.plans import Asked

DRAFT_ATTEMPTS = 3
CONFIRMATION = "confirmation"  # the kind of a mail that only brings a code back


class NoSuchTicket(Exception):
    """There is no ticket with that number."""


class StaleTicket(Exception):
    """Somebody or something changed the ticket since it was looked at."""


def get(session: Session, ticket_id: int, *, anew: bool = False) -> Ticket:
    """`anew`: read it whole, although a part of it may have been read. Raise NoSuchTicket."""
    ticket = session.get(Ticket, ticket_id, populate_existing=anew)
    if ticket is None:
        raise NoSuchTicket(f"There is no ticket {ticket_id}.")
    return ticket


def check_seen(ticket: Ticket, seen: int) -> None:
    """Raise StaleTicket, which says what changed, unless the ticket is as the caller saw it."""
    if ticket.version != seen:
        raise stale(ticket, seen)


def stale(ticket: Ticket, seen: int) -> StaleTicket:
    news = [event for event in ticket.events if event.version > seen and event.what != trail.SEEN]
    told = "; ".join(
        f"{(event.new or event.what).replace('_', ' ')} ({event.actor}, {event.at:%H:%M})" for event in news
    )
    return StaleTicket(
        f"Nothing was done: ticket {ticket.id} changed while you were looking at it{': ' if told else ''}{told}."
    )


def touch(session: Session, ticket: Ticket, seen: int) -> None:
    """Make what others saw an old version. Raise StaleTicket where the caller's is one."""
    session.flush()
    touched = session.scalar(
        update(Ticket)
        .where(Ticket.id == ticket.id, Ticket.version == seen)
        .values(version=Ticket.version + 1)
        .returning(Ticket.id)
        .execution_options(synchronize_session=False)
    )
    if touched is None:
        session.refresh(ticket)
        raise stale(ticket, seen)
    session.refresh(ticket)


def move(session: Session, ticket: Ticket, new: Status, *, actor: str, seen: int, note: str = "") -> None:
    """Change the status, if the table allows it and nobody was first. Raise ForbiddenMove or StaleTicket."""
    session.flush()
    old = Status(ticket.status)
    check_move(old, new, actor=actor)
    moved = session.scalar(
        update(Ticket)
        .where(Ticket.id == ticket.id, Ticket.version == seen)
        .values(status=new, version=Ticket.version + 1)
        .returning(Ticket.id)
        .execution_options(synchronize_session=False)
    )
    session.refresh(ticket)
    if moved is None:
        raise stale(ticket, seen)
    note_moment(ticket, new, actor)
    if new in (Status.REPLIED, Status.DISMISSED):
        keep_lesson(session, ticket, new, actor, note)
    trail.write(session, ticket, "moved", actor=actor, old=old.value, new=new.value, note=note)


def keep_lesson(session: Session, ticket: Ticket, new: Status, actor: str, note: str) -> None:
    """What was decided, about the mail that it answered."""
    by_hand = new is Status.REPLIED and not looks.signed_alone(ticket)
    trials.settle(session, ticket, is_signed=by_hand)
    looks.settle(session, ticket, is_signed=by_hand)
    if looks.signed_alone(ticket):
        return  # nobody judged it, so nothing can be learnt
    if new is Status.DISMISSED:
        lessons.keep(session, ticket, newest_question(ticket), "dismissed", by=actor, why=note)
        return
    row = outbox.latest(ticket, "reply")
    mail_id = row.payload.get("mail_id") if row else None
    mail = next((one for one in ticket.mails if one.id == mail_id), None)
    lessons.keep(session, ticket, mail, "signed", by=ticket.signed_by or actor)


def note_moment(ticket: Ticket, new: Status, actor: str) -> None:
    """When it was first drafted, last signed and last settled: the figures are made of these."""
    if new is Status.IN_REVIEW:
        ticket.drafted_at = ticket.drafted_at or now()
        ticket.signed_at, ticket.signed_by, ticket.settled_at = None, "", None
    elif new is Status.APPROVED:
        ticket.signed_at, ticket.signed_by = now(), actor
    elif new in (Status.REPLIED, Status.DISMISSED):
        ticket.settled_at = now()


def page(
    session: Session, *, status: str = "", words: str = "", after: int | None = None, limit: int = 50
) -> Sequence[Ticket]:
    """Newest first; `after` is the last id of the page before."""
    found = select(Ticket).order_by(Ticket.id.desc())
    if status:
        found = found.where(Ticket.status == Status(status))
    if after is not None:
        found = found.where(Ticket.id < after)
    return session.scalars(search.matching(session, found, words).limit(limit)).all()


def sent_mails(session: Session, limit: int = 200) -> Sequence[Mail]:
    return session.scalars(select(Mail).where(Mail.outgoing).order_by(Mail.id.desc()).limit(limit)).all()


def of_sender(session: Session, sender: str, subject: str, *, since: datetime) -> Ticket | None:
    """The newest ticket of that sender whose subject ends in those words, whatever stands before them ("Re: …")."""
    found = select(Ticket).where(Ticket.from_email == sender, Ticket.received_at >= since).order_by(Ticket.id.desc())
    return next((one for one in session.scalars(found.limit(50)) if one.subject.casefold().endswith(subject)), None)


def waiting_for_draft(session: Session, most: int) -> Sequence[Ticket]:
    """The oldest tickets that have no draft and may be tried again now."""
    return session.scalars(
        select(Ticket)
        .where(Ticket.status == Status.RECEIVED, Ticket.spam == "")
        .where(or_(Ticket.draft_after.is_(None), Ticket.draft_after <= now()))
        .order_by(Ticket.received_at, Ticket.id)
        .limit(most)
    ).all()


def waiting_for_check(session: Session) -> Ticket | None:
    """The oldest ticket in review whose proposal has not been held against the club."""
    return session.scalar(
        select(Ticket)
        .where(Ticket.status == Status.IN_REVIEW, Ticket.category != "", Ticket.plan.is_(None))
        .where(or_(Ticket.draft_after.is_(None), Ticket.draft_after <= now()))
        .order_by(Ticket.received_at, Ticket.id)
        .limit(1)
    )


def snippet_of(said: str) -> str:
    """How a mail begins, on one line of the queue."""
    return " ".join(said[:600].split())[:120]


def newest_question(ticket: Ticket) -> Mail | None:
    """The customer's newest readable mail: the one to answer."""
    incoming = [mail for mail in ticket.mails if not mail.outgoing and not mail.problem and mail.kind != CONFIRMATION]
    return incoming[-1] if incoming else None


def proposal(ticket: Ticket) -> Draft | None:
    """What stands on the page: the signed or edited answer, else the model's draft."""
    stored: Any = ticket.answer or ticket.draft
    return Draft.from_json(stored) if stored else None


def asked(ticket: Ticket, proposal: Draft) -> Asked:
    """What the pre-check is to look into: the asker is whoever wrote last, not whoever began the thread."""
    mail = newest_question(ticket)
    return Asked(
        proposal.category,
        proposal.username,
        dict(proposal.details),
        proposal.reply,
        mail.from_email if mail else ticket.from_email,
        mail.identity if mail else "unverified",
        mail.identity_words if mail else "",
        ticket.trust,
        ticket.booking_id,
        outbox.has_acted(ticket),
    )


def announce(session: Session, ticket: Ticket, category: str, best: list[tuple[str, float]]) -> None:
    """Let the pages see what a ticket is about while its reply is still being written."""
    ticket.category, ticket.made_by = category, {"categories": best}
    trail.write(session, ticket, "read", actor=PROGRAM, note=category)


def propose(session: Session, ticket: Ticket, draft: Draft, **made: Any) -> None:
    """Store a new draft and bring the ticket to review, where a person sees it."""
    stored: DraftJson = draft.as_json()
    ticket.draft = dict(stored)
    ticket.answer = None
    ticket.category, ticket.username = draft.category, draft.username
    ticket.plan, ticket.problem, ticket.failures, ticket.draft_after = None, "", 0, None
    ticket.trust = ticket.booking_id = None
    looks.forget_open(session, ticket)
    for name, value in made.items():
        setattr(ticket, name, value)
    rules.apply(session, ticket, newest_question(ticket))
    targets.set_due(session, ticket)
    move(session, ticket, Status.IN_REVIEW, actor=PROGRAM, seen=ticket.version, note="drafted")


def draft_failed(session: Session, ticket: Ticket, reason: str) -> None:
    """Try again in a moment; after three failures a person gets the ticket without a draft."""
    ticket.failures += 1
    ticket.problem = reason
    if ticket.failures < DRAFT_ATTEMPTS:
        ticket.draft_after = now() + timedelta(seconds=2**ticket.failures)
        return
    ticket.failures, ticket.draft_after = 0, None
    ticket.problem = f"The model could not draft this mail: {reason}"
    ticket.needs_human = True
    move(session, ticket, Status.IN_REVIEW, actor=PROGRAM, seen=ticket.version, note="no draft")


def signed_since(session: Session, event: int, most: int = 500) -> tuple[int, list[Draft]]:
    """Answers that people signed after that event, at most the newest `most`, oldest first; and the event to ask from next."""
    newest = trail.newest(session)
    rows = session.scalars(
        select(Ticket)
        .join(Event, Event.ticket_id == Ticket.id)
        .where(Event.id > event, Event.id <= newest, Event.new == Status.APPROVED)
        .order_by(Event.id.desc())
        .limit(most)
    ).all()
    return newest, [Draft.from_json(ticket.answer) for ticket in reversed(rows) if ticket.answer]  # type: ignore[arg-type]


def open_by_hand(
    session: Session,
    *,
    by: str,
    subject: str,
    body: str,
    from_email: str,
    from_name: str = "",
    identity: tuple[str, str] = ("unverified", ""),
) -> Ticket:
    """A ticket that no mail opened: from the phone, the counter, or a program. `identity`: level and words."""
    ticket = Ticket(
        subject=subject,
        from_name=from_name,
        from_email=from_email.lower(),
        snippet=snippet_of(body),
        identity=identity[0],
    )
    session.add(ticket)
    session.flush()
    raw = f"From: {from_name} <{from_email}>\nSubject: {subject}\n\n{body}".encode()
    mail = Mail(
        ticket_id=ticket.id, mailbox="by hand", raw=raw, read=True, dedupe_key=f"by-hand-{ticket.id}", text=body
    )
    mail.from_name, mail.from_email, mail.subject = from_name, ticket.from_email, subject
    mail.identity, mail.identity_words = identity
    session.add(mail)
    trail.write(session, ticket, "mail", actor=by, new=Status.RECEIVED.value, note="by hand")
    session.flush()
    session.refresh(ticket)
    return ticket
