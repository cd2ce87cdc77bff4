"""The server through which replies leave: naming it, trying it. An admin's."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import House, TheAdmin, TheHouse, Writing
from dashboard.forms import read_form
from dashboard.ports import SendingOffice
from dashboard.refusals import Refusal
from dashboard.routes.mailboxes import listed, rooms
from db import outgoing

router = APIRouter(prefix="/outgoing")


@router.post("")
def save(
    request: Request, house: TheHouse, session: Writing, caller: TheAdmin, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`host`, `port`, `user`, `password`, `security`, `sender`."""
    office, (_, vault) = sending_of(house), rooms(house)
    if office.is_set:
        raise Refusal("SMTP_HOST names the server already: change it in the environment or in .env.")
    fields = ("host", "port", "user", "security", "sender", "password")
    stated = {name: str(form.get(name, "")).strip() for name in fields}
    stated["port"] = stated["port"] or "465"
    problem = office.problem_of(stated)
    if problem:
        raise Refusal(f"This server cannot be used: {problem}.")
    outgoing.save(session, vault, **stated)
    return respond.see(request, "/mailboxes#outgoing")


@router.post("/trial")
def try_out(request: Request, house: TheHouse, caller: TheAdmin) -> Response:
    """A mail to whoever asks."""
    works, words = sending_of(house).tried(caller.name)
    return listed(request, house, sent=True, works=works, words=words)


@router.post("/removal")
def remove(request: Request, session: Writing, caller: TheAdmin) -> Response:
    outgoing.remove(session)
    return respond.see(request, "/mailboxes#outgoing")


def sending_of(house: House) -> SendingOffice:
    if house.sending is None:
        raise Refusal("This process has no part that sends mail.")
    return house.sending
