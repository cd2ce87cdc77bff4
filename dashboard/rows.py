"""A line of the queue, worked out in Python."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from db import decisions
from db.desk import Desk
from db.lifecycle import Status
from db.models import Ticket, now

ICONS = {"account": "key", "password": "key", "booking": "court", "inquiry": "question", "other": "other"}


@dataclass(frozen=True)
class Row:
    """One line of the queue."""

    ticket: Ticket
    excerpt: Sequence[tuple[str, bool]]  # where the words of a search stand; nothing without a search
    dot: str
    said: str
    label: str
    icon: str
    age: str
    lead: str
    sure: str
    is_low: bool
    due: str  # how long until an answer is due, where that is soon
    foreign: str  # its language, where the desk does not answer in it


def row_of(ticket: Ticket, desk: Desk, excerpt: Sequence[tuple[str, bool]] = ()) -> Row:
    dot, said = state_of(ticket)
    label, icon = (label_of(desk, ticket.category), icon_of(ticket.category)) if ticket.category else ("", "")
    if ticket.status == Status.RECEIVED and not label:
        label, icon = "spam" if ticket.spam else "drafting", ""
    sure = f"{ticket.confidence:.0%}" if ticket.confidence is not None and ticket.status != Status.RECEIVED else ""
    lead = {Status.STUCK: "Stuck.", Status.APPROVED: "Approved.", Status.ACTED: "Done, replying."}.get(
        Status(ticket.status), ""
    )
    return Row(
        ticket,
        excerpt,
        dot,
        said,
        label,
        icon,
        age(ticket.received_at),
        lead,
        sure,
        ticket.confidence is not None and ticket.confidence < 0.85,
        due_of(ticket),
        ticket.language if ticket.language and ticket.language not in desk.languages else "",
    )


def due_of(ticket: Ticket) -> str:
    if ticket.due_at is None or ticket.status not in (Status.RECEIVED, Status.IN_REVIEW):
        return ""
    left = (ticket.due_at - now()).total_seconds()
    if left < 0:
        return "late"
    return f"due {max(1, int(left // 60))} min" if left < 3600 else ""


def state_of(ticket: Ticket) -> tuple[str, str]:
    status = Status(ticket.status)
    if status is Status.RECEIVED:
        return ("done", "Taken for spam") if ticket.spam else ("draft", "Being drafted")
    if status is Status.STUCK:
        return "stuck", "Stuck"
    if status in (Status.REPLIED, Status.DISMISSED, Status.APPROVED, Status.ACTED):
        return "done", "Done"
    if ticket.needs_human:
        return "human", "Needs a human"
    return ("check", "Unsure") if (ticket.confidence or 0) < 0.85 else ("ready", "Ready")


def label_of(desk: Desk, category: str) -> str:
    return next((c.label for c in desk.categories if c.name == category), category)


def icon_of(category: str) -> str:
    return next((icon for word, icon in ICONS.items() if word in category), "other")


def age(moment: datetime) -> str:
    seconds = (now() - moment).total_seconds()
    if seconds < 60:
        return "now"
    if seconds < 3600:
        return f"{int(seconds // 60)} min"
    if seconds < 86400:
        return f"{int(seconds // 3600)} h"
    return f"{int(seconds // 86400)} days"


def undo_of(ticket: Ticket) -> int:
    return round(decisions.undo_until(ticket))
