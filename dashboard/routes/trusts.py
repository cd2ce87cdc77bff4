"""Trust: how a person settles that whoever wrote may speak for the account, or for a booking among several."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import TheCaller, TheHouse, TheTicket, Writing
from dashboard.forms import draft_of, read_form, seen_of
from dashboard.refusals import Refusal
from db import confirmations, decisions
from db.plans import Plan

router = APIRouter()
LEAST_REASON = 10  # characters


@router.post("/tickets/{ticket_id}/trust")
def create(
    request: Request,
    house: TheHouse,
    ticket: TheTicket,
    session: Writing,
    caller: TheCaller,
    form: Annotated[FormData, Depends(read_form)],
) -> Response:
    """`way`: on_file, code or override; an override states its `reason`."""
    answer, way, reason = draft_of(form, house.desk), str(form.get("way", "")), str(form.get("reason", "")).strip()
    plan = Plan.from_json(ticket.plan) if ticket.plan else None
    if plan is None or way not in plan.ways or answer.username not in ("", plan.username):
        raise Refusal("Check the proposal against the club once more, then choose.")
    if way == "override" and len(reason) < LEAST_REASON:
        raise Refusal("Say why you are sure of the sender: the reason stands in the trail.")
    decisions.save_answer(session, ticket, answer, by=caller.name, seen=seen_of(form))
    if way == "code":
        confirmations.send(session, ticket, plan.username, plan.on_file, by=caller.name, seen=ticket.version)
    else:
        confirmations.trust(session, ticket, way, plan.username, by=caller.name, reason=reason)
    return respond.go(request, f"/tickets/{ticket.id}")


@router.post("/tickets/{ticket_id}/booking")
def choose(
    request: Request,
    house: TheHouse,
    ticket: TheTicket,
    session: Writing,
    caller: TheCaller,
    form: Annotated[FormData, Depends(read_form)],
) -> Response:
    """`booking`: the number of one of the bookings that fit."""
    plan = Plan.from_json(ticket.plan) if ticket.plan else None
    fitting = {str(number): number for number, _ in plan.choices} if plan else {}
    chosen = fitting.get(str(form.get("booking", "")))
    if chosen is None:
        raise Refusal("Choose one of the bookings that fit.")
    decisions.save_answer(session, ticket, draft_of(form, house.desk), by=caller.name, seen=seen_of(form))
    ticket.booking_id = chosen
    return respond.go(request, f"/tickets/{ticket.id}")
