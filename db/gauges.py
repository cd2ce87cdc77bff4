"""What an operator asks of a running desk, as numbers of this moment: read from the database, so that any process can tell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db import looks
from db.lifecycle import Status
from db.models import AutopilotCategory, Mail, MailboxState, Part, Promise, Ticket, now

OPEN = (Status.RECEIVED, Status.IN_REVIEW, Status.APPROVED, Status.ACTED, Status.STUCK)
NEWEST, BEFORE = 200, 2000  # tickets that say how it goes now, and what is usual
OUTSTANDING = ("promised", "running", "inflight")
UP = {"ok": 1.0, "failing": 0.0}  # what rests is neither


@dataclass(frozen=True)
class Gauge:
    """One number; `labels` tell it from others of its name. Names as Prometheus has them, with their unit at the end."""

    name: str
    help: str
    value: float
    labels: dict[str, str] = field(default_factory=dict)


def read(session: Session) -> list[Gauge]:
    return [*of_tickets(session), *of_mail(session), *of_promises(session), *of_parts(session), *of_drafts(session)]


def age(moment: datetime | None) -> float:
    """Seconds; 0 of nothing."""
    return max(0.0, (now() - moment).total_seconds()) if moment else 0.0


def of_tickets(session: Session) -> Iterator[Gauge]:
    rows = session.execute(
        select(Ticket.status, func.count(), func.min(Ticket.changed_at))
        .where(Ticket.status.in_(OPEN), Ticket.spam == "")
        .group_by(Ticket.status)
    )
    found = {str(status): (int(count), oldest) for status, count, oldest in rows}
    for status in OPEN:
        count, oldest = found.get(status.value, (0, None))
        labels = {"status": status.value}
        yield Gauge("courtdesk_tickets", "Tickets in this status", count, labels)
        words = "How long the ticket that changed longest ago has been in this status"
        yield Gauge("courtdesk_ticket_oldest_seconds", words, age(oldest), labels)
    opened = session.scalar(select(func.max(Ticket.id))) or 0
    yield Gauge("courtdesk_tickets_opened", "Tickets that were ever opened", opened)
    late = select(func.count()).where(Ticket.status.in_(OPEN[:2]), Ticket.spam == "", Ticket.due_at < now())
    yield Gauge("courtdesk_tickets_overdue", "Tickets that should have been answered", session.scalar(late) or 0)


def of_mail(session: Session) -> Iterator[Gauge]:
    unread = select(func.count(), func.min(Mail.stored_at)).where(Mail.read.is_(False))
    count, oldest = session.execute(unread).one()
    yield Gauge("courtdesk_mail_unread", "Mails that are stored and not read yet", count)
    yield Gauge("courtdesk_mail_lag_seconds", "How long the oldest of them has waited", age(oldest))
    for one in session.scalars(select(MailboxState)):
        if one.state in UP:
            yield Gauge("courtdesk_mailbox_up", "Whether the mailbox can be read", UP[one.state], {"mailbox": one.name})


def of_promises(session: Session) -> Iterator[Gauge]:
    rows = session.execute(
        select(Promise.kind, func.count(), func.min(Promise.not_before))
        .where(Promise.state.in_(OUTSTANDING))
        .group_by(Promise.kind)
    )
    found = {str(kind): (int(count), oldest) for kind, count, oldest in rows}
    for kind in ("action", "reply", "letter", "code"):
        count, oldest = found.get(kind, (0, None))
        yield Gauge("courtdesk_outbox", "Signed promises that are not kept yet", count, {"kind": kind})
        words = "How long the oldest of them has been due"
        yield Gauge("courtdesk_outbox_oldest_seconds", words, age(oldest), {"kind": kind})


def of_parts(session: Session) -> Iterator[Gauge]:
    for part in session.scalars(select(Part)):
        if part.state in UP:
            yield Gauge(
                "courtdesk_part_up", "Whether the part reaches its other side", UP[part.state], {"part": part.name}
            )
    for one in session.scalars(select(AutopilotCategory)):
        yield Gauge(
            "courtdesk_autopilot_open", "Whether the autopilot is open", float(one.is_open), {"category": one.name}
        )


def of_drafts(session: Session) -> Iterator[Gauge]:
    """The newest drafts and decisions: how long, how sure, how often right; and what was usual before them."""
    drafted = select(Ticket.made_by, Ticket.confidence).where(
        Ticket.drafted_at.is_not(None), Ticket.confidence.is_not(None)
    )
    rows = session.execute(drafted.order_by(Ticket.id.desc()).limit(NEWEST)).all()
    seconds = sorted(number(made_by, "seconds") for made_by, _ in rows)
    for quantile in (0.5, 0.95):
        yield Gauge(
            "courtdesk_draft_seconds", f"Seconds that each of the newest {NEWEST} drafts took", at(seconds, quantile),
            {"quantile": f"{quantile:g}"},
        )  # fmt: skip
    tokens = sum(number(made_by, "written_tokens") for made_by, _ in rows)
    yield Gauge(
        "courtdesk_draft_tokens_per_second",
        "Tokens written in a second of those drafts",
        tokens / max(0.001, sum(seconds)),
    )
    confidences = drafted.with_only_columns(Ticket.confidence).order_by(Ticket.id.desc()).limit(BEFORE)
    sure = [float(one or 0.0) for one in session.scalars(confidences)]
    for window, some in (("newest", sure[:NEWEST]), ("before", sure[NEWEST:])):
        if some:
            yield Gauge(
                "courtdesk_confidence_mean", "Mean confidence of drafts", sum(some) / len(some), {"window": window}
            )
    signed = select(Ticket.edit_distance).where(
        Ticket.edit_distance.is_not(None), Ticket.signed_at.is_not(None), ~Ticket.signed_by.startswith(looks.SIGNED)
    )
    distances = [float(one or 0.0) for one in session.scalars(signed.order_by(Ticket.id.desc()).limit(BEFORE))]
    for window, some in (("newest", distances[:NEWEST]), ("before", distances[NEWEST:])):
        if some:
            share = sum(one == 0 for one in some) / len(some)
            words = "Share of replies that were signed as drafted"
            yield Gauge("courtdesk_approved_unchanged_ratio", words, share, {"window": window})


def number(made_by: dict[str, Any] | None, name: str) -> float:
    return float((made_by or {}).get(name) or 0.0)


def at(ordered: Sequence[float], quantile: float) -> float:
    return ordered[min(len(ordered) - 1, int(quantile * len(ordered)))] if ordered else 0.0
