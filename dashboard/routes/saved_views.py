"""Saved views: what a person keeps looking at, under a name."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import TheCaller, Writing
from dashboard.forms import read_form, where
from dashboard.refusals import Refusal
from dashboard.routes.tickets import query_from
from db import queue

router = APIRouter()


@router.post("/views")
def create(
    request: Request, session: Writing, caller: TheCaller, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    name = " ".join(str(form.get("name", "")).split())[:40]
    at = where(str(form.get("where", "")))
    if not name or caller.person_id is None:
        raise Refusal("Give the view a name.")
    queue.save_view(session, caller.person_id, name, query_from(at))
    return respond.see(request, f"/tickets{at}")


@router.post("/views/{view_id}/end")
def end(request: Request, session: Writing, caller: TheCaller, view_id: int) -> Response:
    if caller.person_id is not None:
        queue.drop_view(session, caller.person_id, view_id)
    return respond.see(request, "/tickets")
