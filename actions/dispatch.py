"""What was approved is carried out, once: approved → acted, or back to a person."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from actions.checking import make_plan
from actions.kind import Club
from actions.outcomes import OutcomeUnknown, Refused, Unreachable
from actions.refusals import refused_reply
from db import decisions, outbox, parts, tickets, traces
from db.desk import Desk
from db.lifecycle import PROGRAM, Status
from db.models import Promise
from db.session import OpenSession

UNKNOWN_TRIES = 3


class Backend(Club, Protocol):
    """A club that can be asked and told. `repeats_are_safe`: the same key carried out twice has one effect."""

    @property
    def repeats_are_safe(self) -> bool: ...
    def perform(self, action: str, params: Mapping[str, Any], key: str) -> dict[str, Any]: ...


@traces.traced("act")
def act_next(open_session: OpenSession, desk: Desk, backend: Backend | None) -> bool:
    """Carry out one approved action. Return False when there is none due.

    Without a club, what needs no action still passes on to its reply; actions wait until there is one.
    """
    with open_session() as session:
        if pass_without_action(session):
            return True
        if backend is None:
            return False
        row = outbox.claim(session, "action", when=Status.APPROVED)
        if row is None:
            return False
        if not outbox.is_as_signed(row):
            stop(session, row, "What was signed has been changed since. Nothing was done.", state="changed")
            return True
        if must_stop(row, backend):
            stop(
                session,
                row,
                "The program was interrupted while the action was under way, and cannot know whether it happened.",
            )
            return True
    if is_still_right(open_session, desk, backend, row):
        with open_session() as session:
            outbox.go(session, row.id)
        carry_out(open_session, desk, backend, row)
    return True


def is_still_right(open_session: OpenSession, desk: Desk, backend: Backend, row: Promise) -> bool:
    """Look once more, just before the effect: may whoever asked still speak for the account?

    What else has changed the club says itself. A row that was begun before is not looked at: it may have changed that.
    """
    with open_session.reading() as session:
        ticket = tickets.get(session, row.ticket_id)
        answer = tickets.proposal(ticket)
        if row.state == "inflight" or row.result is not None or answer is None:
            return True
        asked = tickets.asked(ticket, answer)
    try:
        plan = make_plan(asked, desk, backend)
    except Unreachable as problem:
        with open_session() as session:
            parts.report(session, "club", "failing", str(problem))
            outbox.try_later(session, row, str(problem), begun=False)
        return False
    if not plan.doubt:
        return True
    with open_session() as session:
        outbox.settle(session, row.id, state="refused", result={"error": plan.doubt})
        ticket = tickets.get(session, row.ticket_id)
        decisions.take_back(session, ticket, f"The check just before the action said: {plan.doubt}.", by=PROGRAM)
    return False


def pass_without_action(session: Session) -> bool:
    ticket = outbox.due_without_action(session)
    if ticket is None:
        return False
    tickets.move(session, ticket, Status.ACTED, actor=PROGRAM, seen=ticket.version, note="no action")
    return True


def must_stop(row: Promise, backend: Backend) -> bool:
    """A row interrupted in the middle is repeated only where the other side honours the key."""
    return row.attempts > outbox.MOST_ATTEMPTS or (row.state == "inflight" and not backend.repeats_are_safe)


def carry_out(open_session: OpenSession, desk: Desk, backend: Backend, row: Promise) -> None:
    """Ask the club, outside of any transaction, then write down what it said."""
    try:
        done = backend.perform(row.payload["name"], row.payload["params"], row.key)
    except Refused as refusal:
        with open_session() as session:
            outbox.settle(session, row.id, state="refused", result={"error": refusal.detail})
            ticket = tickets.get(session, row.ticket_id)
            if outbox.is_by_hand(ticket):
                decisions.conclude(session, ticket, by=PROGRAM)
                return
            reply = refused_reply(desk, ticket, refusal.code, refusal.detail)
            decisions.refuse(session, ticket, refusal.detail, reply, by=PROGRAM)
    except Unreachable as problem:
        with open_session() as session:
            parts.report(session, "club", "failing", str(problem))
            outbox.try_later(session, row, str(problem))
    except OutcomeUnknown as problem:
        with open_session() as session:
            if backend.repeats_are_safe and row.failures + 1 < UNKNOWN_TRIES:
                outbox.try_later(session, row, str(problem))
            else:
                stop(session, row, f"{problem} It may or may not have happened there.")
    else:
        with open_session() as session:
            parts.report(session, "club", "ok", "answers")
            ticket = tickets.get(session, row.ticket_id)
            values = spoken_values(row.payload, done, desk, ticket.language)
            outbox.settle(session, row.id, state="done", result={"answer": done, "values": values})
            if outbox.is_by_hand(ticket):
                decisions.conclude(session, ticket, by=PROGRAM)
                return
            tickets.move(session, ticket, Status.ACTED, actor=PROGRAM, seen=ticket.version, note=row.payload["name"])


def stop(session: Session, row: Promise, reason: str, *, state: str = "unknown") -> None:
    outbox.settle(session, row.id, state=state, result={"error": reason})
    ticket = tickets.get(session, row.ticket_id)
    if not outbox.is_by_hand(ticket):  # the other dates of a series are no less wanted
        outbox.retire(session, ticket)
    decisions.stick(session, ticket, f"{reason} No reply was sent.", by=PROGRAM)


def spoken_values(payload: Mapping[str, Any], done: Mapping[str, Any], desk: Desk, language: str) -> dict[str, str]:
    """What the placeholders of the reply become, in the words of its language."""
    params = payload["params"]
    booking = {**params, **done}
    username = str(done.get("username") or params.get("username") or "")
    values = {name: str(done[name]) for name in ("reset_url", "set_password_url", "fee") if done.get(name)}
    if username:
        values["account.username"] = username
    declared = desk.declared(str(payload["name"]))
    if declared is not None:
        values |= {hole: str(done[key]) for hole, key in declared.fills.items() if done.get(key)}
    with suppress(ValueError):  # an answer that is no time fills nothing, and the reply waits for a person
        start = datetime.fromisoformat(str(booking.get("start", ""))).astimezone(desk.timezone)
        values["booking.start"] = spoken_moment(start, language)
    if booking.get("court"):
        values["booking.court"] = payload.get("court", "").removeprefix("Court ") or str(booking["court"])
    return values


WEEKDAYS_DE = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")


def spoken_moment(moment: datetime, language: str) -> str:
    if language == "de":
        return f"{WEEKDAYS_DE[moment.weekday()]}, {moment:%d.%m.%Y}, {moment:%H:%M} Uhr"
    return f"{moment:%A}, {moment.day} {moment:%B %Y}, {moment:%H:%M}"
