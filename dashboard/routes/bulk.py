"""Several tickets at once: a summary of what differs, then one decision for all that it fits."""

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.batches import batch_of
from dashboard.deps import Caller, House, Reading, TheCaller, TheHouse
from dashboard.forms import read_form
from dashboard.refusals import Refusal
from dashboard.routes.approvals import sign
from dashboard.routes.snoozes import moment
from db import attributes, decisions, people, tickets
from db.lifecycle import ForbiddenMove
from db.plans import NoAnswer
from db.tickets import NoSuchTicket, StaleTicket

router = APIRouter(prefix="/bulk")
MOST = 200


@router.get("")
def show(
    request: Request,
    house: TheHouse,
    session: Reading,
    ticket: Annotated[list[int] | None, Query(max_length=MOST)] = None,
) -> Response:
    found = [tickets.get(session, ticket_id) for ticket_id in ticket or []]
    batch = batch_of(found, house.desk) if found else None
    return respond.page(request, house, "bulk/show.html", batch=batch, everybody=people.everybody(session))


@router.post("")
def create(
    request: Request, house: TheHouse, caller: TheCaller, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`ticket`: number:version of each; `do`: approve, dismiss, assign, tag or snooze."""
    seen = [pair_of(str(stated)) for stated in form.getlist("ticket")][:MOST]
    if not seen:
        raise Refusal("Select at least one ticket.")
    order = str(form.get("do", ""))
    refused = (
        approved(house, caller, seen)
        if order == "approve"
        else changed(house, caller, seen, change_of(house, caller, order, form))
    )
    return respond.page(request, house, "bulk/done.html", done=len(seen) - len(refused), refused=refused, order=order)


def pair_of(stated: str) -> tuple[int, int]:
    number, _, version = stated.partition(":")
    try:
        return int(number), int(version)
    except ValueError as error:
        raise Refusal("The form does not say which tickets it means. Select them again.") from error


def approved(house: House, caller: Caller, seen: Sequence[tuple[int, int]]) -> dict[int, str]:
    """Sign each for itself, checked once more. Returns what was refused, and why."""
    with house.open_session.reading() as session:
        batch = batch_of([tickets.get(session, ticket_id) for ticket_id, _ in seen], house.desk)
        refused = {line.ticket.id: line.left_out for line in batch.lines if line.left_out}
        answers = {line.ticket.id: tickets.proposal(line.ticket) for line in batch.fit}
        shown = {line.ticket.id: str((line.ticket.plan or {}).get("action", "")) for line in batch.fit}
    for ticket_id, version in seen:
        answer = answers.get(ticket_id)
        if answer is None:
            continue
        try:
            sign(house, ticket_id, answer, caller, version, shown=shown[ticket_id])
        except (Refusal, NoAnswer, StaleTicket, ForbiddenMove) as problem:
            refused[ticket_id] = str(problem)
    return refused


def change_of(house: House, caller: Caller, order: str, form: FormData) -> Callable[..., None]:
    """What is done to each. Raise Refusal."""
    stated = str(form.get("value", "")).strip()
    if order == "dismiss":
        return lambda session, ticket, version: decisions.dismiss(
            session, ticket, by=caller.name, seen=version, reason=stated
        )
    if order == "assign":
        return lambda session, ticket, version: attributes.assign(
            session, ticket, people.named(session, stated) if stated else None, by=caller.name
        )
    if order == "tag":
        return lambda session, ticket, version: attributes.tag(
            session, ticket, [*(one.name for one in ticket.tags), *stated.split(",")], by=caller.name
        )
    if order == "snooze":
        until = moment(stated, house.desk.timezone)
        return lambda session, ticket, version: attributes.snooze(session, ticket, until, by=caller.name)
    raise Refusal("Choose what to do with the selected tickets.")


def changed(
    house: House, caller: Caller, seen: Sequence[tuple[int, int]], change: Callable[..., None]
) -> dict[int, str]:
    refused: dict[int, str] = {}
    for ticket_id, version in seen:
        try:
            with house.open_session() as session:
                change(session, tickets.get(session, ticket_id), version)
        except (StaleTicket, ForbiddenMove, NoSuchTicket) as problem:
            refused[ticket_id] = str(problem)
    return refused
