"""Trials: another version beside the serving one, begun and ended by an admin; how both do. A lead watches."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import charts, respond
from dashboard.deps import Reading, TheAdmin, TheHouse, Writing, needs_lead
from dashboard.forms import read_form, whole_number
from db import retrainings, trials, versions

router = APIRouter(prefix="/trials", dependencies=[needs_lead])


@router.get("")
def index(request: Request, house: TheHouse, session: Reading) -> Response:
    found = trials.newest(session)
    return respond.page(
        request, house, "trials/index.html", trials=[(one, trials.arms(session, one)) for one in found],
        running=next((one for one in found if one.state == "running"), None), seconds=charts.seconds,
        most=round(100 * trials.MOST_SHARE),
        versions=[
            (one.name, retrainings.may_serve(session, one.name)) for one in versions.choosable(session) if not one.serving
        ],
    )  # fmt: skip


@router.post("")
def create(
    request: Request, session: Writing, caller: TheAdmin, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`version`, `kind` split or shadow, `share` in percent."""
    share = whole_number(str(form.get("share") or "10"))
    trials.begin(
        session, kind=str(form.get("kind", "")), version=str(form.get("version", "")), share=share / 100, by=caller.name
    )
    return respond.see(request, "/trials")


@router.post("/{trial_id}/end")
def end(request: Request, session: Writing, caller: TheAdmin, trial_id: int) -> Response:
    trials.end(session, trials.get(session, trial_id), f"{caller.name} ended it.")
    return respond.see(request, "/trials")
