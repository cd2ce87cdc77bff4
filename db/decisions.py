"""What a person may decide about a ticket, and what a signature does."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from db import looks, notices, outbox, tickets, trail, trials, versions, votes
from db.drafts import PLACEHOLDER, Draft, distance
from db.lifecycle import Status
from db.models import Promise, Ticket, now
from db.plans import Plan


class NothingStuck(Exception):
    """There is no promise whose outcome a person could state."""


class TooLate(Exception):
    """What was signed is already on its way, so it cannot be taken back."""


def approve(
    session: Session,
    ticket: Ticket,
    answer: Draft,
    *,
    action: Mapping[str, Any] | None,
    reply_to: str,
    by: str,
    seen: int,
    undo_seconds: float,
    carried: Mapping[str, Any] | None = None,
) -> None:
    """Sign the answer and promise action and reply, in one transaction. Raise StaleTicket or ForbiddenMove.

    `action` is `{"name", "params"}` as the pre-check resolved it, or None where the answer is only a reply. `carried`:
    further recipients and files, as `db.letters` puts them.
    """
    ticket.answer = dict(answer.as_json())
    ticket.category, ticket.username, ticket.problem = answer.category, answer.username, ""
    ticket.edit_distance = distance((ticket.draft or {}).get("reply", ""), answer.reply) if ticket.draft else None
    ticket.snoozed_until, ticket.waiting_for = None, ""
    tickets.move(session, ticket, Status.APPROVED, actor=by, seen=seen, note=action["name"] if action else "reply only")
    key = f"courtdesk-{ticket.id}-{ticket.version}"
    if action is not None:
        outbox.promise(session, ticket, "action", action, key=f"{key}-action", delay=undo_seconds)
    question = tickets.newest_question(ticket)
    reply = {
        "to": reply_to,
        "subject": ticket.subject,
        "body": answer.reply,
        "mail_id": question.id if question else None,
        "token": secrets.token_hex(8),  # in Message-ID and reply address: nobody else can answer into this ticket
        **(carried or {}),
        **({"vote_url": link} if (link := votes.ask(session, ticket)) else {}),
    }
    outbox.promise(session, ticket, "reply", reply, key=f"{key}-reply", delay=undo_seconds)


def order(
    session: Session,
    actions: Sequence[Mapping[str, Any]],
    *,
    subject: str,
    category: str,
    username: str,
    by: str,
    undo_seconds: float,
) -> Ticket:
    """Sign actions that no mail asked for, as one ticket without a mail and without a reply."""
    ticket = Ticket(
        subject=subject, from_name=by, category=category, username=username, status=Status.RECEIVED, version=1
    )
    session.add(ticket)
    session.flush()
    trail.write(session, ticket, "ordered", actor=by, new=Status.RECEIVED.value, note=subject)
    tickets.move(session, ticket, Status.IN_REVIEW, actor=by, seen=1)
    tickets.move(session, ticket, Status.APPROVED, actor=by, seen=2, note=f"{len(actions)} by hand")
    for number, action in enumerate(actions, start=1):
        outbox.promise(
            session, ticket, "action", action, key=f"courtdesk-{ticket.id}-3-action-{number}", delay=undo_seconds
        )
    return ticket


def conclude(session: Session, ticket: Ticket, *, by: str) -> None:
    """What was ordered by hand is through: nobody is answered, and what the club refused is said."""
    rows = [row for row in ticket.promises if row.kind == "action"]
    refused = [row for row in rows if row.state == "refused"]
    if any(row.state in ("promised", "running", "inflight") for row in rows):
        return
    reasons = "; ".join(dict.fromkeys(str((row.result or {}).get("error", "")) for row in refused))
    if refused:
        ticket.problem = f"{len(refused)} of {len(rows)} were refused: {reasons}"
    tickets.move(session, ticket, Status.ACTED, actor=by, seen=ticket.version, note=f"{len(rows) - len(refused)} done")
    tickets.move(session, ticket, Status.REPLIED, actor=by, seen=ticket.version, note="nobody to answer")


def withdraw(session: Session, ticket: Ticket, *, by: str, seen: int) -> None:
    """Undo an approval that has not begun; every edit stays. Raise TooLate, StaleTicket or ForbiddenMove."""
    if ticket.status != Status.APPROVED or not outbox.withdraw(session, ticket):
        raise TooLate(f"Ticket {ticket.id} is already being carried out; it cannot be undone any more.")
    looks.withdrawn(session, ticket)
    tickets.move(session, ticket, Status.IN_REVIEW, actor=by, seen=seen, note="undone")


def refuse(session: Session, ticket: Ticket, reason: str, reply: str, *, by: str) -> None:
    """The other system said no: back to review with the reason and a reply that says so. Nothing is sent."""
    outbox.retire(session, ticket)
    stored = ticket.answer or ticket.draft or {}
    ticket.answer = {**stored, "reply": reply}
    ticket.plan = None
    ticket.problem = f"The club refused: {reason} Nothing was sent."
    tickets.move(session, ticket, Status.IN_REVIEW, actor=by, seen=ticket.version, note=reason)


def take_back(session: Session, ticket: Ticket, reason: str, *, by: str) -> None:
    """What was signed is no longer right: back to review with the reason, before anything happened."""
    outbox.retire(session, ticket)
    ticket.plan = None
    ticket.problem = f"{reason} Nothing was done and nothing was sent."
    tickets.move(session, ticket, Status.IN_REVIEW, actor=by, seen=ticket.version, note=reason)


def stick(session: Session, ticket: Ticket, reason: str, *, by: str) -> None:
    """Nobody can know whether it happened: stop, say what is known, and let a person decide."""
    ticket.problem = reason
    tickets.move(session, ticket, Status.STUCK, actor=by, seen=ticket.version, note=reason)
    notices.tell_those_concerned(session, ticket, "stuck", f"“{ticket.subject}” is stuck: {reason}")


def dismiss(session: Session, ticket: Ticket, *, by: str, seen: int, reason: str = "") -> None:
    tickets.move(session, ticket, Status.DISMISSED, actor=by, seen=seen, note=reason or "dismissed")
    outbox.retire(session, ticket)


def happened(session: Session, ticket: Ticket, *, by: str, seen: int) -> None:
    """A person has found out that what nobody knew of did happen: go on behind it. Raise NothingStuck, StaleTicket."""
    row = stuck_row(ticket)
    row.state, row.result = "done", {**(row.result or {}), "said_by": by}
    trail.write(session, ticket, "happened", actor=by, note=row.kind)
    if row.kind == "reply":
        tickets.move(session, ticket, Status.REPLIED, actor=by, seen=seen, note="it had been sent")
        return
    if outbox.is_by_hand(ticket):
        ticket.problem = ""
        if any(other.state == "promised" for other in ticket.promises):
            tickets.move(session, ticket, Status.APPROVED, actor=by, seen=seen, note="on with the others")
        else:
            tickets.check_seen(ticket, seen)
            conclude(session, ticket, by=by)
        return
    body = str((ticket.answer or {}).get("reply", ""))
    if PLACEHOLDER.search(body):  # its value came with the answer that was lost
        ticket.plan = None
        ticket.problem = (
            "The action happened. Its answer is lost, so write the reply without it: it goes out by itself."
        )
        tickets.move(session, ticket, Status.IN_REVIEW, actor=by, seen=seen, note="the action had happened")
        return
    ticket.problem = ""
    outbox.reinstate(session, ticket)
    tickets.move(session, ticket, Status.ACTED, actor=by, seen=seen, note="the action had happened")


def do_again(session: Session, ticket: Ticket, *, by: str, seen: int) -> None:
    """A person says that it did not happen: the same promise, under the same key. Raise NothingStuck, StaleTicket."""
    row = stuck_row(ticket)
    outbox.again(session, row)
    ticket.problem = ""
    trail.write(session, ticket, "again", actor=by, note=row.kind)
    if row.kind == "action":
        outbox.reinstate(session, ticket)
    after = Status.APPROVED if row.kind == "action" else Status.ACTED
    tickets.move(session, ticket, after, actor=by, seen=seen, note="once more")


def stuck_row(ticket: Ticket) -> Promise:
    row = outbox.unsettled(ticket) if ticket.status == Status.STUCK else None
    if row is None:
        raise NothingStuck(f"Nothing of ticket {ticket.id} is under way: take it back to review.")
    return row


def note_look(session: Session, ticket: Ticket, words: str, *, by: str) -> None:
    """Write what somebody saw at the other side beside what is known. Raise NothingStuck."""
    reason = str((stuck_row(ticket).result or {}).get("error", ""))
    ticket.problem = f"{reason} Looked at {words}"
    trail.write(session, ticket, "looked", actor=by, note=words)


def reopen(session: Session, ticket: Ticket, *, by: str, seen: int) -> None:
    """Back to review: a dismissed, replied or stuck ticket is looked at again."""
    if ticket.status == Status.STUCK:
        outbox.retire(session, ticket)
    ticket.plan = None
    looks.reported(session, ticket)
    tickets.move(session, ticket, Status.IN_REVIEW, actor=by, seen=seen, note="reopened")


def write_again(session: Session, ticket: Ticket, *, by: str, seen: int) -> None:
    """A settled ticket gets another reply, which a person writes; no action goes with it. Raise StaleTicket, ForbiddenMove."""
    to = str((ticket.plan or {}).get("to", "")) or ticket.from_email
    stored = ticket.answer or ticket.draft or {"category": ticket.category or "other", "username": "", "details": {}}
    reopen(session, ticket, by=by, seen=seen)
    ticket.answer = {**stored, "reply": ""}
    ticket.plan = Plan("", {}, to, note="You write again.").as_json()


def redraft(session: Session, ticket: Ticket, *, by: str, seen: int, model: str = "") -> None:
    """Ask the model again, or another version of it; the stage `draft_next` finds the ticket by its status.

    Raise NoSuchVersion.
    """
    ticket.wanted_model = versions.named(session, model).name if model else ""
    looks.refused(session, ticket)
    trials.refused(session, ticket)
    ticket.failures, ticket.draft_after, ticket.answer = 0, None, None
    note = f"draft again with {model}" if model else "draft again"
    tickets.move(session, ticket, Status.RECEIVED, actor=by, seen=seen, note=note)


def save_answer(session: Session, ticket: Ticket, answer: Draft, *, by: str, seen: int) -> None:
    """Keep what a person changed, without signing it; whoever saw it before sees an old version. Raise StaleTicket."""
    tickets.touch(session, ticket, seen)
    trail.write(session, ticket, "edited", actor=by)
    ticket.answer = dict(answer.as_json())
    ticket.category, ticket.username, ticket.plan = answer.category, answer.username, None
    ticket.changed_at = now()


def undo_until(ticket: Ticket) -> float:
    """Seconds that remain to take the approval back; 0 when it is too late."""
    rows = [row for row in ticket.promises if row.state == "promised" and not row.attempts]
    if ticket.status != Status.APPROVED or not rows:
        return 0.0
    return max(0.0, (min(row.not_before for row in rows) - now()) / timedelta(seconds=1))
