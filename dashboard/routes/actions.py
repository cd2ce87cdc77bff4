"""Actions by hand: every action of the catalogue as a form, without a mail; checked, signed and done once like any other."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData, QueryParams

from actions.catalog import UnknownAction, action_named
from actions.kind import ActionKind
from dashboard import respond
from dashboard.deps import House, TheCaller, TheHouse
from dashboard.forms import read_form
from dashboard.ports import PreCheck
from dashboard.proposals import danger_of
from dashboard.refusals import Refusal
from db import decisions
from db.plans import NoAnswer, Occurrence, Plan

router = APIRouter(prefix="/actions")
SERIES = ("username", "court", "date", "until", "time", "duration_minutes")


@router.get("")
def index(request: Request, house: TheHouse) -> Response:
    return respond.page(
        request,
        house,
        "actions/index.html",
        kinds=[(kind, danger_of(kind, house.desk)) for kind in kinds_of(house)],
        has_series=has_series(house),
    )


@router.get("/series")
def series(request: Request, house: TheHouse) -> Response:
    """The form, and where it is filled the preview of each date."""
    stated = filled(request.query_params, SERIES)
    court, found, problem = "", list[Occurrence](), ""
    if stated:
        court, found, problem = club_of(house).series(stated)
    shown = [(number, one, datetime.fromisoformat(one.params["start"])) for number, one in enumerate(found)]
    return respond.page(
        request, house, "actions/series.html", stated=stated, court=court, shown=shown, problem=problem, names=SERIES
    )


@router.post("/series")
def book_series(
    request: Request, house: TheHouse, caller: TheCaller, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`dates`: the numbers of the dates that are wanted; what is not free any more is left out, and said."""
    stated, wanted = filled(form, SERIES), {str(one) for one in form.getlist("dates")}
    court, found, problem = club_of(house).series(stated)
    chosen = [one for number, one in enumerate(found) if str(number) in wanted]
    if problem or not chosen:
        raise Refusal(problem or "Choose at least one date.")
    clashes = [one.params["start"][:10] for one in chosen if not one.is_free]
    if clashes:
        raise Refusal(f"No longer free: {', '.join(clashes)}. Look at the preview again. Nothing was booked.")
    orders = [{"name": "create_booking", "params": one.params, "court": court} for one in chosen]
    subject = f"{len(orders)} bookings for {stated['username']}, {court}"
    return signed(request, house, caller, subject, "create_booking", stated["username"], orders)


@router.get("/{name}")
def show(request: Request, house: TheHouse, name: str) -> Response:
    """The form of one action, and where it is filled what the check says."""
    kind = kind_named(house, name)
    stated = filled(request.query_params, kind.asks)
    plan = club_of(house).plan_action(name, stated) if stated else None
    return respond.page(
        request,
        house,
        "actions/show.html",
        kind=kind,
        danger=danger_of(kind, house.desk),
        stated=stated,
        plan=plan,
    )


@router.post("/{name}")
def create(
    request: Request, house: TheHouse, caller: TheCaller, name: str, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """Check once more, then sign."""
    kind = kind_named(house, name)
    plan: Plan = club_of(house).plan_action(name, filled(form, kind.asks))
    if not plan.action:
        raise Refusal(f"{plan.blocked or plan.note or 'The check refuses it'}. Nothing was done.")
    sentence = kind.sentence.format(**{**plan.params, "username": plan.username})
    orders = [{"name": plan.action, "params": plan.params, "court": plan.court}]
    return signed(request, house, caller, sentence, name, plan.username, orders)


def signed(
    request: Request,
    house: House,
    caller: TheCaller,
    subject: str,
    category: str,
    username: str,
    orders: Sequence[Mapping[str, Any]],
) -> Response:
    with house.open_session() as session:
        ticket = decisions.order(
            session, orders, subject=subject, category=category, username=username, by=caller.name,
            undo_seconds=house.undo_seconds,
        )  # fmt: skip
    return respond.go(request, f"/tickets/{ticket.id}?view=done")


def filled(given: FormData | QueryParams, names: tuple[str, ...]) -> dict[str, str]:
    stated = {name: str(given.get(name, "")).strip() for name in names}
    return {name: value for name, value in stated.items() if value}


def kinds_of(house: House) -> list[ActionKind]:
    """What this desk's categories lead to, in their order."""
    names = [category.action for category in house.desk.categories if category.action]
    return [action_named(name, house.desk) for name in dict.fromkeys(names)]


def has_series(house: House) -> bool:
    return any(category.action == "create_booking" for category in house.desk.categories)


def kind_named(house: House, name: str) -> ActionKind:
    try:
        return action_named(name, house.desk)
    except UnknownAction as error:
        raise Refusal(str(error)) from error


def club_of(house: House) -> PreCheck:
    if house.pre_check is None:
        raise NoAnswer("No club is connected: set ACTIONS_URL.")
    return house.pre_check
