"""An approval: the signature that lets action and reply go."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from actions.catalog import action_named
from dashboard import respond
from dashboard.deps import Caller, House, TheCaller, TheHouse
from dashboard.forms import draft_of, read_form, recipients_in, seen_of, where
from dashboard.refusals import Refusal
from dashboard.routes.tickets import mine, query_from
from db import decisions, edits, queue, tickets
from db.desk import Desk
from db.drafts import Draft
from db.letters import File, Recipients, carried, recipients_of
from db.plans import Asked, NoAnswer, Plan
from db.session import OpenSession

router = APIRouter()
NOBODY_ELSE = Recipients()
WHYS = ("fact", "action", "tone", "missing", "policy")


@router.post("/tickets/{ticket_id}/approval")
def create(
    request: Request, ticket_id: int, house: TheHouse, caller: TheCaller, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    answer, seen, at = draft_of(form, house.desk), seen_of(form), where(str(form.get("where", "")))
    following = next_after(house.open_session, ticket_id, mine(query_from(at), caller))
    sign(
        house, ticket_id, answer, caller, seen, with_action=form.get("action") != "none", lesson=lesson_of(form),
        recipients=recipients_of(recipients_in(form)), shown=str(form["shown"]) if "shown" in form else None,
    )  # fmt: skip
    return respond.go(request, f"/tickets/{following}{at}")


def lesson_of(form: FormData) -> dict[str, object]:
    """Why the draft was corrected, and whether the next model may learn from it."""
    why = str(form.get("why", ""))
    return {"why": why if why in WHYS else "", "learn": form.get("do_not_learn") != "on"}


def sign(
    house: House,
    ticket_id: int,
    answer: Draft,
    caller: Caller,
    seen: int,
    *,
    with_action: bool = True,
    lesson: dict[str, object] | None = None,
    recipients: Recipients = NOBODY_ELSE,
    shown: str | None = None,
) -> None:
    """Check once more against the club, outside of any transaction, then sign.

    `shown`: the action that the page named; another one is not signed. Raise Refusal, UnusableLetter, NoAnswer, StaleTicket.
    """
    with house.open_session.reading() as session:
        ticket = tickets.get(session, ticket_id)
        tickets.check_seen(ticket, seen)
        asked = tickets.asked(ticket, answer)
    plan = plan_of(house, asked) if with_action else Plan("", {}, asked.from_email)
    if with_action and shown is not None and plan.action != shown:
        raise Refusal(
            "What approving would do has changed since the page was drawn. Look at it again. Nothing was sent."
        )
    to = ", ".join(recipients.to) or plan.to
    refuse(plan, answer, to, recipients, house.desk)
    action = {"name": plan.action, "params": plan.params, "court": plan.court} if plan.action else None
    with house.open_session() as session:
        ticket = tickets.get(session, ticket_id)
        ticket.plan, ticket.lesson = plan.as_json(), lesson
        edit = edits.of(session, ticket, caller.person_id)
        files = [File(**one) for one in edit.files] if edit else []
        edits.drop(session, ticket, caller.person_id)
        decisions.approve(
            session,
            ticket,
            answer,
            action=action,
            reply_to=to,
            by=caller.name,
            seen=seen,
            undo_seconds=house.undo_seconds,
            carried=carried(recipients, files),
        )


def refuse(plan: Plan, answer: Draft, to: str, recipients: Recipients, desk: Desk) -> None:
    """Raise Refusal where this plan, this reply and these recipients must not be signed together."""
    if plan.blocked:
        raise Refusal(f"{plan.blocked}. Nothing was sent.")
    if answer.placeholders and not plan.action:
        waits_for = ", ".join(sorted(answer.placeholders))
        raise Refusal(f"The reply waits for {waits_for}, which only the action could fill. Edit the reply first.")
    if not to:
        raise Refusal("There is no address to reply to. Dismiss the ticket, or answer another way.")
    if plan.action and set(recipients.all) - {plan.to} and is_private(plan.action, answer, desk):
        raise Refusal(
            f"What an action on an account brings goes to {plan.to} alone: take the other addresses out. Nothing was sent."
        )


def is_private(action: str, answer: Draft, desk: Desk) -> bool:
    """Whether the reply tells what only the owner of the account may know."""
    return action_named(action, desk).on_account or any("url" in name for name in answer.placeholders)


def plan_of(house: House, asked: Asked) -> Plan:
    if house.pre_check is None:
        if house.desk.category(asked.category).action:
            raise NoAnswer("No club is connected: set ACTIONS_URL, or reply without the action.")
        return Plan("", {}, asked.from_email)
    return house.pre_check.plan(asked)


def next_after(open_session: OpenSession, ticket_id: int, query: queue.Query) -> int:
    """The ticket below the approved one, as the list stands."""
    with open_session.reading() as session:
        listed = [
            t.id for t in queue.listed(session, query) if t.status in ("in_review", "received") or t.id == ticket_id
        ]
    place = listed.index(ticket_id) if ticket_id in listed else -1
    others = listed[place + 1 :] + listed[: max(place, 0)]
    return others[0] if others else ticket_id
