"""Conversations of visitors, those first that the machine could not answer; and the chat's one switch. A lead reads."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import Reading, TheAdmin, TheHouse, Writing, needs_lead
from dashboard.forms import read_form, whole_number
from db import chats

router = APIRouter(prefix="/chats", dependencies=[needs_lead])


@router.get("")
def index(request: Request, house: TheHouse, session: Reading, unsure: bool = False) -> Response:
    return respond.page(
        request, house, "chats/index.html", chats=chats.newest(session, only_unsure=unsure), unsure=unsure,
        terms=chats.terms(session), origins=house.chat_origins, there=house.visitors is not None,
    )  # fmt: skip


@router.post("/terms")
def choose(
    request: Request, session: Writing, caller: TheAdmin, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`on`, and `least` in percent."""
    least = whole_number(str(form.get("least") or "80")) / 100
    chats.save_terms(session, is_on=form.get("on") == "on", least=least, by=caller.name)
    return respond.see(request, "/chats")
