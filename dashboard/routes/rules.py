"""Rules for whom a ticket is, tried on past mail before they serve; and senders who are blocked."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import Reading, TheCaller, TheHouse, Writing, needs_lead
from dashboard.forms import read_form, whole_number
from db import attributes, people, rules

router = APIRouter(dependencies=[needs_lead])


@router.get("/rules")
def index(request: Request, house: TheHouse, session: Reading, edit: int | None = None) -> Response:
    found = rules.all_of(session)
    chosen = next((one for one in found if one.id == edit), None)
    return respond.page(
        request, house, "rules/index.html", rules=found, chosen=chosen, tried=rules.tried(session, chosen) if chosen else None,
        names=[(one.name, one.label) for one in house.desk.categories], everybody=people.everybody(session),
        priorities=attributes.PRIORITIES, blocked=rules.blocked(session),
    )  # fmt: skip


@router.post("/rules")
def save(
    request: Request, session: Writing, caller: TheCaller, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """A rule is shown again with the tickets that it would have fitted; it serves only where that was chosen."""
    stated = {name: str(form.get(name, "")) for name in ("id", "name", *rules.CONDITIONS, *rules.EFFECTS)}
    rule_id = whole_number(stated["id"]) if stated["id"] else None
    rule = rules.save(session, rule_id, stated["name"], stated, serves=form.get("serves") == "on")
    return respond.see(request, f"/rules?edit={rule.id}")


@router.post("/rules/{rule_id}/end")
def end(request: Request, session: Writing, caller: TheCaller, rule_id: int) -> Response:
    rules.remove(session, rule_id)
    return respond.see(request, "/rules")


@router.post("/blocked-senders")
def block(
    request: Request, session: Writing, caller: TheCaller, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    rules.block(session, str(form.get("sender", "")))
    return respond.see(request, "/rules")


@router.post("/blocked-senders/end")
def unblock(
    request: Request, session: Writing, caller: TheCaller, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    rules.unblock(session, str(form.get("sender", "")))
    return respond.see(request, "/rules")
