"""The autopilot: what the decisions prove of each category, opened and closed by an admin; what it did. A lead watches."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import charts, respond
from dashboard.deps import Reading, TheAdmin, TheHouse, Writing, needs_lead
from dashboard.forms import read_form, whole_number
from dashboard.proposals import kind_of
from dashboard.refusals import Refusal
from dashboard.rows import label_of
from db import autopilot, decisions, looks
from db.desk import Desk
from db.models import AutopilotCategory

router = APIRouter(prefix="/autopilot", dependencies=[needs_lead])


@dataclass(frozen=True)
class Card:
    """One category on the page. `never`: why it cannot be opened at all."""

    name: str
    label: str
    state: AutopilotCategory | None
    never: str

    @property
    def is_open(self) -> bool:
        return self.state is not None and self.state.is_open

    @property
    def may_open(self) -> bool:
        evidence = self.state.evidence if self.state else {}
        return not self.never and not self.is_open and evidence.get("threshold") is not None


@router.get("")
def index(request: Request, house: TheHouse, session: Reading) -> Response:
    known = autopilot.categories(session)
    cards = [
        Card(one.name, label_of(house.desk, one.name), known.get(one.name), never(house.desk, one.name))
        for one in house.desk.categories
    ]
    return respond.page(
        request, house, "autopilot/index.html", cards=cards, terms=autopilot.terms(session), charts=charts,
        done=[(look, ticket, decisions.undo_until(ticket)) for look, ticket in looks.done_alone(session)],
    )  # fmt: skip


@router.post("/terms")
def choose(
    request: Request, session: Writing, caller: TheAdmin, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`error` and `audit` in percent, `minutes`."""
    try:
        error = float(str(form.get("error", "")).replace(",", "."))
    except ValueError as problem:
        raise Refusal("State the error in percent, such as 1 or 0.5.") from problem
    audit, minutes = (whole_number(str(form.get(name) or "0")) for name in ("audit", "minutes"))
    autopilot.save_terms(session, error=error / 100, audit=audit / 100, minutes=minutes)
    return respond.see(request, "/autopilot")


@router.post("/switch")
def switch(
    request: Request, session: Writing, caller: TheAdmin, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`do`: on or off."""
    autopilot.switch(session, is_on=form.get("do") == "on", by=caller.name)
    return respond.see(request, "/autopilot")


@router.post("/{name}/opening")
def open_up(request: Request, house: TheHouse, session: Writing, caller: TheAdmin, name: str) -> Response:
    reason = never(house.desk, name) if name in house.desk.category_names else "There is no such category"
    if reason:
        raise Refusal(f"{reason}. Nothing was changed.")
    autopilot.open_up(session, name, by=caller.name)
    return respond.see(request, "/autopilot")


@router.post("/{name}/closing")
def close(request: Request, session: Writing, caller: TheAdmin, name: str) -> Response:
    autopilot.close(session, autopilot.category(session, name), f"{caller.name} closed it.")
    return respond.see(request, "/autopilot")


def never(desk: Desk, name: str) -> str:
    """Why no evidence opens this category; "" where some may."""
    category = desk.category(name)
    kind = kind_of(category.action, desk)
    if category.needs_human:
        return "This kind of mail is always a person's"
    return "Actions on accounts are signed by a person, always" if kind and kind.on_account else ""
