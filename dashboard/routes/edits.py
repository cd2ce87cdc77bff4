"""An edit: what somebody has typed into a proposal, kept while it is typed and held against the club when it asks for something else."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import House, TheCaller, TheHouse
from dashboard.forms import read_form, recipients_in, seen_of, unsigned_draft_of, where
from dashboard.proposals import proposal_of
from dashboard.refusals import Refusal
from db import edits, tickets
from db.lifecycle import Status
from db.models import now
from db.plans import Asked, NoAnswer, Plan

router = APIRouter()


@router.post("/tickets/{ticket_id}/edit")
def create(
    request: Request, house: TheHouse, caller: TheCaller, ticket_id: int, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`given_up`: forget what was typed, and show what is proposed now."""
    if caller.person_id is None:
        raise Refusal("A program has no edits: send its answer with the approval.")
    if form.get("given_up"):
        with house.open_session() as session:
            edits.drop(session, tickets.get(session, ticket_id), caller.person_id)
        return respond.go(request, f"/tickets/{ticket_id}{where(str(form.get('where', '')))}")
    answer, seen = unsigned_draft_of(form, house.desk), seen_of(form)
    with house.open_session.reading() as session:
        ticket = tickets.get(session, ticket_id)
        if ticket.status != Status.IN_REVIEW:
            return Response(status_code=204)  # signed meanwhile: the browser keeps what was typed
        before = edits.of(session, ticket, caller.person_id)
        known = before.answer if before else ticket.answer or ticket.draft
        asked = tickets.asked(ticket, answer)
    # Where it asks for the same as before, the club is not asked again.
    plan = None if known and edits.same_request(known, answer.as_json()) else plan_for(house, asked)
    with house.open_session() as session:
        ticket = tickets.get(session, ticket_id)
        edit = edits.keep(session, ticket, caller.person_id, answer, plan, seen=seen, recipients=recipients_in(form))
        shown = proposal_of(ticket, house.desk, house.undo_seconds, edit)
    return respond.part(
        request, house, "edits/_saved.html", ticket=ticket, proposal=shown, checked=plan is not None, saved_at=now(),
        drawn_anew=str(form.get("drawn")) != answer.category,
    )  # fmt: skip


def plan_for(house: House, asked: Asked) -> Plan:
    """What approving it would do; a check that is not possible blocks it, and says so."""
    if house.pre_check is None:
        return Plan("", {}, asked.from_email)
    try:
        return house.pre_check.plan(asked)
    except NoAnswer as problem:
        return Plan("", {}, asked.from_email, blocked=f"The check is not possible just now: {problem}")
