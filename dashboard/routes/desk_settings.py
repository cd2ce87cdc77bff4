"""What an admin chooses for the whole desk: what is said in its name, until when answers are due, how long

tickets are kept, whether customers are asked how it was.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import Reading, TheAdmin, TheHouse, Writing
from dashboard.forms import read_form
from dashboard.refusals import Refusal
from db import desk_settings, people, retention, second_factor, targets, votes, wording

router = APIRouter(prefix="/desk-settings")


@router.get("")
def show(request: Request, house: TheHouse, session: Reading, caller: TheAdmin) -> Response:
    names = [(one.name, one.label) for one in house.desk.categories]
    return respond.page(
        request, house, "desk_settings/show.html", targets=targets.load(session), days=desk_settings.DAYS, names=names,
        wording=wording.load(session), languages=house.desk.languages, filed=request.app.state.house,
        roles=people.ROLES, demanded=second_factor.demanded_of(session), kept=retention.load(session), vote_address=votes.address(session), here=str(request.base_url).rstrip("/"),
    )  # fmt: skip


@router.post("/wording")
def save_wording(
    request: Request, house: TheHouse, session: Writing, caller: TheAdmin, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`title`, `signature.LANGUAGE`, `nothing_fits.LANGUAGE`, `undo`: empty is as in the desk's file and the settings."""
    stated = {name: str(value) for name, value in form.multi_items()}
    wording.save(session, wording.read(stated, house.desk))
    house.said.forget()
    return respond.see(request, "/desk-settings")


@router.post("/targets")
def save_targets(
    request: Request, house: TheHouse, session: Writing, caller: TheAdmin, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    stated = {name: str(value) for name, value in form.multi_items()}
    targets.save(session, targets.read(stated), house.desk.timezone)
    return respond.see(request, "/desk-settings")


@router.post("/retention")
def save_retention(
    request: Request, session: Writing, caller: TheAdmin, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`replied`, `dismissed`, `spam`: days, or nothing for ever."""
    retention.save(session, retention.read({name: str(value) for name, value in form.multi_items()}))
    return respond.see(request, "/desk-settings")


@router.post("/second-factor")
def save_second_factor(
    request: Request, session: Writing, caller: TheAdmin, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`role`, several: of whom it is demanded."""
    second_factor.demand(session, [role for role in people.ROLES if role in form.getlist("role")])
    return respond.see(request, "/desk-settings")


@router.post("/votes")
def save_votes(
    request: Request, session: Writing, caller: TheAdmin, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`address`: where customers reach this desk; empty asks nobody."""
    address = str(form.get("address", "")).strip()
    if address and not address.startswith(("https://", "http://")):
        raise Refusal("Write the address with https:// in front.")
    votes.save(session, address)
    return respond.see(request, "/desk-settings")
