"""Retrainings: ordered, watched, paused, cancelled; and which version of the model serves. A lead watches, an admin decides."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import Reading, TheAdmin, TheHouse, Writing, needs_lead
from dashboard.forms import read_form, whole_number
from dashboard.refusals import Refusal
from db import desk_settings, lessons, promotions, retrainings, trials, versions

router = APIRouter(prefix="/retrainings", dependencies=[needs_lead])


@router.get("")
def index(request: Request, house: TheHouse, session: Reading) -> Response:
    found = retrainings.newest(session)
    under_way = next((one for one in found if one.state in (*retrainings.OPEN, "paused")), None)
    return respond.page(
        request, house, "retrainings/index.html", retrainings=found, under_way=under_way, steps=retrainings.STEPS,
        versions=[(one, retrainings.may_serve(session, one.name)) for one in versions.choosable(session)],
        plan=retrainings.plan(session), days=desk_settings.DAYS, trial=trials.running(session),
        fresh=lessons.count_after(session, retrainings.learnt_up_to(session)),
    )  # fmt: skip


@router.get("/{retraining_id}")
def show(request: Request, house: TheHouse, session: Reading, retraining_id: int) -> Response:
    """What was judged, and mails on which both differ, side by side."""
    return respond.page(request, house, "retrainings/show.html", row=retrainings.get(session, retraining_id))


@router.post("")
def create(
    request: Request, session: Writing, caller: TheAdmin, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    retrainings.order(session, by=caller.name, steps=whole_number(str(form.get("steps", retrainings.STEPS))))
    return respond.see(request, "/retrainings")


@router.post("/{retraining_id}/order")
def ask(
    request: Request,
    session: Writing,
    caller: TheAdmin,
    retraining_id: int,
    form: Annotated[FormData, Depends(read_form)],
) -> Response:
    """`do`: pause, resume or cancel."""
    wanted = str(form.get("do", ""))
    if wanted not in ("pause", "resume", "cancel"):
        raise Refusal("Say whether to pause, to go on or to cancel.")
    retrainings.ask(session, retrainings.get(session, retraining_id), wanted)
    return respond.see(request, "/retrainings")


@router.post("/plan")
def choose(
    request: Request, session: Writing, caller: TheAdmin, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`after` so many lessons, or on a `day` at an `hour`; 0 and empty never."""
    after, hour = (whole_number(str(form.get(name) or "0")) for name in ("after", "hour"))
    retrainings.save_plan(session, after=after, day=str(form.get("day", "")), hour=hour)
    return respond.see(request, "/retrainings")


@router.post("/serving")
def promote(
    request: Request, session: Writing, caller: TheAdmin, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`name`: the version that drafts from the next ticket on; also how one rolls back."""
    name = str(form.get("name", ""))
    promotions.promote(session, name)
    return respond.see(request, "/retrainings")
