"""The one pre-check: a proposal becomes a plan by read-only look-ups in the club. Nothing is changed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from pydantic import ValidationError
from sqlalchemy.orm import Session

from actions.catalog import UnknownAction, action_named
from actions.kind import Club
from actions.outcomes import Unreachable
from actions.planning import Planner
from actions.stated import CannotPlan
from db import logs, parts, tickets, traces, trail, trials
from db.desk import Desk
from db.drafts import LEFT_OUT, PLACEHOLDER, asks_for_user_name, greeted
from db.lifecycle import PROGRAM
from db.models import Ticket, now
from db.plans import Asked, Plan
from db.session import OpenSession

RETRY_SECONDS = 5
LONG_RETRY_SECONDS = 300
NOT_KNOWN = "the club knows no account of that name"
KNOWN = "the club knows the sender by the address, so the reply asks for nothing"
# A customer mistypes or outlives an account now and then; what was never a user name is hardly ever one by chance.
UNKNOWN_IF_RIGHT, UNKNOWN_IF_WRONG = 0.05, 0.95


@traces.traced("check")
def check_next(open_session: OpenSession, desk: Desk, club: Club) -> bool:
    """Plan one ticket that came into review. Return False when there is none."""
    with open_session.reading() as session:
        ticket = tickets.waiting_for_check(session)
        proposal = tickets.proposal(ticket) if ticket else None
        if ticket is None or proposal is None:
            return False
        asked = tickets.asked(ticket, proposal)
        seen = ticket.version
        logs.about(ticket=ticket.id)
        language, is_ours = ticket.language, ticket.answer is None
    other = why = ""
    try:
        plan, problem = make_plan(asked, desk, club), ""
        other, why = fitting(asked, plan, desk, language) if is_ours else ("", "")
        if other:
            plan = make_plan(replace(asked, reply=other), desk, club)
    except Unreachable as error:
        plan, problem = None, str(error)
    except Exception:  # a fault of ours must not keep the tickets behind this one waiting
        with open_session() as session:
            tickets.get(session, ticket.id).draft_after = now() + timedelta(seconds=LONG_RETRY_SECONDS)
        raise
    with open_session() as session:
        ticket = tickets.get(session, ticket.id)
        if ticket.version != seen or ticket.plan is not None:
            return True
        if plan is None:
            parts.report(session, "club", "failing", problem)
            ticket.draft_after = now() + timedelta(seconds=RETRY_SECONDS)
            return False
        if other and not reworded(session, ticket, seen, other, why):
            return True
        ticket.plan, ticket.draft_after = plan.as_json(), None
        if plan.known is False and ticket.confidence is not None and NOT_KNOWN not in ticket.reasons:
            ticket.confidence = less_sure(ticket.confidence)
            ticket.reasons = [*ticket.reasons, NOT_KNOWN]
        if any(check.ok is False for check in plan.checks) and not ticket.needs_human:
            ticket.needs_human = True
        trail.write(session, ticket, "checked", actor=PROGRAM)
    return True


def reworded(session: Session, ticket: Ticket, seen: int, reply: str, why: str) -> bool:
    """Put another reply into the draft; who saw the one before must look again. False: somebody was first."""
    try:
        tickets.touch(session, ticket, seen)
    except tickets.StaleTicket:
        return False
    ticket.draft, ticket.reasons = {**(ticket.draft or {}), "reply": reply}, [*ticket.reasons, why]
    trials.reworded(session, ticket, reply)
    return True


def fitting(asked: Asked, plan: Plan, desk: Desk, language: str) -> tuple[str, str]:
    """The reply that goes with what the club said, and why; ("", "") where the one there does.

    A mail cannot tell whether its sender is known: the model may promise what nobody can do before the mail says more, or ask
    for what the club already knows by the sender's address.
    """
    if plan.doubt or is_of_somebody_else(asked, plan):
        return "", ""
    waits = PLACEHOLDER.search(asked.reply) is not None
    asks_for_name = not asked.username and asks_for_user_name(asked.reply)
    asks = desk.asks.get(language, {}).get(plan.missing, "")
    done = desk.stock.get(language, {}).get(asked.category, "")
    if not plan.action and asks and (waits or (asks_for_name and plan.missing not in ("username", "wish"))):
        return greeted(asked.reply, asks), LEFT_OUT
    if plan.action and not waits and done and asks_for_name:
        return greeted(asked.reply, done), KNOWN
    return "", ""


def is_of_somebody_else(asked: Asked, plan: Plan) -> bool:
    """Whether the mail names an account that its sender does not write from: even a question would tell what it holds."""
    writes_from = asked.from_email.casefold() == plan.on_file.casefold()
    return bool(plan.known) and not writes_from and asked.identity != "colleague"


def less_sure(confidence: float) -> float:
    """The chance that category and user name are right, now that the club knows no such account (Bayes' rule)."""
    right, wrong = confidence * UNKNOWN_IF_RIGHT, (1 - confidence) * UNKNOWN_IF_WRONG
    return round(right / (right + wrong), 4)


def plan_action(name: str, stated: Mapping[str, str], desk: Desk, club: Club) -> Plan:
    """The same check for an action by hand, where a colleague states everything. Raise UnknownAction, Unreachable."""
    details = {key: value for key, value in stated.items() if key != "username"}
    asked = Asked("", stated.get("username", ""), details, identity="colleague", identity_words="a colleague states it")
    planner = Planner(asked, desk, club, action_named(name, desk))
    return checked(planner)


def make_plan(asked: Asked, desk: Desk, club: Club) -> Plan:
    """Work out what approving would do. Raise Unreachable; everything else becomes words in the plan."""
    name = desk.category(asked.category).action
    if asked.has_acted:
        return Plan("", {}, asked.from_email, note="Reply only: the action has happened.")
    if not name:
        return Plan(action="", params={}, to=asked.from_email)
    try:
        kind = action_named(name, desk)
    except UnknownAction as error:
        return Plan("", {}, asked.from_email, blocked=str(error))
    return checked(Planner(asked, desk, club, kind))


def checked(planner: Planner) -> Plan:
    try:
        params = planner.params()
        planner.kind.parameters.model_validate(params)
    except ValidationError as error:
        field = error.errors()[0]["loc"][0]
        return planner.without_action(f"the {str(field).replace('_', ' ')} is missing or unusable")
    except CannotPlan as reason:
        return planner.without_action(str(reason), reason.missing)
    return planner.plan(params)
