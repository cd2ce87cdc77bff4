"""Notices: what a person should know, on a page; and what each wants to be told of."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import Reading, TheCaller, TheHouse, Writing
from dashboard.forms import read_form
from db import notices, people

router = APIRouter(prefix="/me/notices")


@router.get("")
def index(request: Request, house: TheHouse, session: Reading, caller: TheCaller) -> Response:
    me = people.named(session, caller.name)
    found = notices.newest(session, caller.person_id)
    return respond.page(request, house, "notices/index.html", notices=found, me=me, kinds=notices.KINDS)


@router.post("")
def choose(
    request: Request, session: Writing, caller: TheCaller, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`kind` and `mail`, each once or more."""
    wanted, mailed = ({str(one) for one in form.getlist(name)} for name in ("kind", "mail"))
    me = people.named(session, caller.name)
    me.told_of = [kind for kind in notices.KINDS if kind in wanted | mailed]
    me.mailed_of = [kind for kind in notices.KINDS if kind in mailed]
    return respond.see(request, "/me/notices")


@router.post("/end")
def read_all(request: Request, session: Writing, caller: TheCaller) -> Response:
    notices.read(session, caller.person_id)
    return respond.see(request, "/me/notices")
