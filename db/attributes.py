"""What staff say about a ticket beside its status: whose it is, how urgent, until when it rests. None of it is a decision."""

from datetime import datetime

from sqlalchemy.orm import Session

from db import notices, trail
from db.models import Person, Tag, Ticket, now

PRIORITIES = {-1: "low", 0: "normal", 1: "high", 2: "urgent"}
LONGEST_TAG = 40
MOST_TAGS = 20


class UnusableAttribute(Exception):
    """A moment that has passed, a tag without letters, a priority that there is not."""


def assign(session: Session, ticket: Ticket, person: Person | None, *, by: str) -> None:
    if ticket.assignee is person:
        return
    ticket.assignee = person
    if person is not None and person.email != by:
        notices.tell(session, person, ticket, "assigned", f"{by} assigned “{ticket.subject}” to you.")
    trail.write(session, ticket, "assigned", actor=by, note=f"to {person.email}" if person else "to nobody")


def hand_to(session: Session, ticket: Ticket, team: str, *, by: str) -> None:
    """A team takes it over; whoever had it no longer has it."""
    ticket.team, ticket.assignee = " ".join(team.split())[:LONGEST_TAG], None
    trail.write(session, ticket, "assigned", actor=by, note=f"to team {ticket.team}" if ticket.team else "to no team")


def snooze(session: Session, ticket: Ticket, until: datetime | None, *, by: str) -> None:
    """Out of the queue until then; None wakes it. Raise UnusableAttribute for the past."""
    if until is not None and until <= now():
        raise UnusableAttribute("Choose a moment that is still to come.")
    ticket.snoozed_until = until
    trail.write(
        session, ticket, "snoozed" if until else "woken", actor=by, note=f"until {until:%d %b %H:%M}" if until else ""
    )


def wait(session: Session, ticket: Ticket, for_whom: str, *, by: str) -> None:
    """Out of the queue until the next mail; "" brings it back."""
    ticket.waiting_for = for_whom.strip()[:120]
    what = "waiting" if ticket.waiting_for else "no longer waiting"
    trail.write(session, ticket, what, actor=by, note=f"for {ticket.waiting_for}" if ticket.waiting_for else "")


def wake(ticket: Ticket) -> None:
    """A mail came: whatever it rested for, it is looked at now."""
    ticket.snoozed_until, ticket.waiting_for = None, ""


def prioritise(session: Session, ticket: Ticket, priority: int, *, by: str) -> None:
    if priority not in PRIORITIES:
        raise UnusableAttribute(f"A priority is one of {', '.join(PRIORITIES.values())}.")
    ticket.priority = priority
    trail.write(session, ticket, "priority", actor=by, note=PRIORITIES[priority])


def tag(session: Session, ticket: Ticket, names: list[str], *, by: str) -> None:
    """Make these the ticket's tags. Raise UnusableAttribute."""
    wanted = {" ".join(name.lower().split())[:LONGEST_TAG] for name in names} - {""}
    if len(wanted) > MOST_TAGS:
        raise UnusableAttribute(f"A ticket has at most {MOST_TAGS} tags.")
    before = {one.name for one in ticket.tags}
    ticket.tags = [one for one in ticket.tags if one.name in wanted] + [Tag(name=name) for name in wanted - before]
    said = [f"+{name}" for name in sorted(wanted - before)] + [f"-{name}" for name in sorted(before - wanted)]
    if said:
        trail.write(session, ticket, "tags", actor=by, note=" ".join(said))
        session.flush()  # a tag that comes and goes unwritten would mix up the order of events
