"""Conversations of visitors, and what the machine may answer there: by category, on evidence. A lead reads, an admin opens."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import Reading, TheAdmin, TheHouse, Writing, needs_lead
from dashboard.forms import read_form, whole_number
from dashboard.refusals import Refusal
from dashboard.rows import label_of
from db import chat_terms, chats
from db.desk import Desk

router = APIRouter(prefix="/chats", dependencies=[needs_lead])


@router.get("")
def index(request: Request, house: TheHouse, session: Reading, unsure: bool = False) -> Response:
    return respond.page(
        request, house, "chats/index.html", chats=chats.newest(session, only_unsure=unsure), unsure=unsure,
        terms=chat_terms.terms(session), cards=chat_terms.cards(session, may_be_open(house.desk)),
        names={name: label_of(house.desk, name) for name in may_be_open(house.desk)},
        origins=house.chat_origins, there=house.visitors is not None,
    )  # fmt: skip


@router.post("/terms")
def choose(
    request: Request, session: Writing, caller: TheAdmin, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`least` and `error` in percent."""
    least, error = (whole_number(str(form.get(name) or "0")) / 100 for name in ("least", "error"))
    chat_terms.save_terms(session, least=least, error=error)
    return respond.see(request, "/chats")


@router.post("/{name}/opening")
def open_up(request: Request, house: TheHouse, session: Writing, caller: TheAdmin, name: str) -> Response:
    if name not in may_be_open(house.desk):
        raise Refusal("No page answers such mail, so the chat cannot. Nothing was changed.")
    chat_terms.open_up(session, name, by=caller.name, tests=len(may_be_open(house.desk)))
    return respond.see(request, "/chats")


@router.post("/{name}/closing")
def close(request: Request, session: Writing, caller: TheAdmin, name: str) -> Response:
    chat_terms.close(session, name)
    return respond.see(request, "/chats")


def may_be_open(desk: Desk) -> list[str]:
    """Categories that pages answer."""
    return [one.name for one in desk.categories if one.knowledge]
