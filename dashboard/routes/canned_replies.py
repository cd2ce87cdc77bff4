"""Canned replies: their page, and one that is put into a reply."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import Reading, TheCaller, TheDeed, TheHouse, Writing
from dashboard.forms import read_form, recipients_in, unsigned_draft_of, whole_number
from db import canned, edits, people

router = APIRouter()


@router.get("/canned-replies")
def index(request: Request, house: TheHouse, session: Reading, edit: int | None = None) -> Response:
    found = canned.all_of(session)
    chosen = next((one for one in found if one.id == edit), None)
    return respond.page(
        request, house, "canned_replies/index.html", canned=found, chosen=chosen, variables=canned.VARIABLES
    )


@router.post("/canned-replies")
def save(
    request: Request, session: Writing, caller: TheCaller, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    stated = {name: str(form.get(name, "")).strip() for name in ("id", "title", "body", *canned.ORDERS)}
    canned_id = whole_number(stated["id"]) if stated["id"] else None
    canned.save(session, canned_id, stated["title"], stated["body"], stated)
    return respond.see(request, "/canned-replies")


@router.post("/canned-replies/{canned_id}/end")
def end(request: Request, session: Writing, caller: TheCaller, canned_id: int) -> Response:
    canned.remove(session, canned_id)
    return respond.see(request, "/canned-replies")


@router.post("/tickets/{ticket_id}/canned-reply")
def insert(deed: TheDeed) -> Response:
    """`canned`: its number. It stands below what was typed already; nothing is sent."""
    me = people.named(deed.session, deed.caller.name)
    chosen = canned.get(deed.session, whole_number(deed.says("canned")))
    words = canned.written(chosen, deed.ticket, me=me, desk=deed.house.desk.title)
    answer = unsigned_draft_of(deed.form, deed.house.desk)
    answer = answer.with_reply(f"{answer.reply}\n\n{words}".strip())
    edits.keep(
        deed.session, deed.ticket, me.id, answer, None, seen=deed.seen, recipients=recipients_in(deed.form)
    )  # fmt: skip
    canned.carry_out(deed.session, chosen, deed.ticket, me=me)
    return respond.go(deed.request, deed.address)
