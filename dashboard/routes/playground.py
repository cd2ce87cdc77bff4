"""The playground: staff try the model, and see what a draft is made of. No ticket is touched."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import TheCaller, TheHouse
from dashboard.forms import read_form, whole_number
from dashboard.refusals import Refusal
from db import versions
from db.plans import NoAnswer
from db.playground import Play, Played

router = APIRouter(prefix="/playground")
LONGEST = 20_000
NOTHING = Play("")


@router.get("")
def show(request: Request, house: TheHouse) -> Response:
    return page(request, house, NOTHING, None)


@router.post("")
def create(
    request: Request, house: TheHouse, caller: TheCaller, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`body`, `subject`, `from_name`, `version`, `temperature`, `seed`, `passages` on."""
    if house.playground is None:
        raise NoAnswer("This process has no model. Ask one that drafts.")
    house.limits.take(f"{caller.name} in the playground", caller.per_minute)
    play = play_of(form)
    return page(request, house, play, house.playground.play(play))


def play_of(form: FormData) -> Play:
    """Raise Refusal."""
    body = str(form.get("body", "")).strip()
    if not body or len(body) > LONGEST:
        raise Refusal(f"Write a mail of up to {LONGEST} characters.")
    try:
        temperature = float(str(form.get("temperature") or "0").replace(",", "."))
    except ValueError as problem:
        raise Refusal("State the temperature as a number, such as 0 or 0.7.") from problem
    if not 0 <= temperature <= 2:
        raise Refusal("State a temperature from 0 to 2.")
    return Play(
        body, str(form.get("subject", ""))[:500], str(form.get("from_name", ""))[:200], str(form.get("version", "")),
        temperature, whole_number(str(form.get("seed") or "0")) % 2**31, form.get("passages") == "on",
    )  # fmt: skip


def page(request: Request, house: TheHouse, play: Play, played: Played | None) -> Response:
    with house.open_session.reading() as session:
        names = [one.name for one in versions.choosable(session)]
    return respond.page(
        request,
        house,
        "playground/show.html",
        play=play,
        played=played,
        versions=names,
        there=house.playground is not None,
    )
