"""API keys: what programs show; each is seen once, and can be revoked."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy.exc import IntegrityError
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import Reading, TheAdmin, TheHouse, Writing
from dashboard.forms import read_form, whole_number
from dashboard.keys import SCOPES
from dashboard.refusals import Refusal
from db import people

router = APIRouter(prefix="/api-keys")
MOST = 100_000  # drafts a minute


@router.get("")
def index(request: Request, house: TheHouse, session: Reading, caller: TheAdmin) -> Response:
    return respond.page(request, house, "api_keys/index.html", keys=people.keys(session), scopes=SCOPES, made="")


@router.post("")
def create(
    request: Request,
    house: TheHouse,
    session: Writing,
    caller: TheAdmin,
    form: Annotated[FormData, Depends(read_form)],
) -> Response:
    name, scopes = " ".join(str(form.get("name", "")).split())[:60], [str(one) for one in form.getlist("scope")]
    if not name or not scopes or set(scopes) - set(SCOPES):
        raise Refusal("Give the key a name and at least one scope.")
    try:
        made = people.add_key(session, name, scopes, min(MOST, max(1, whole_number(str(form.get("per_minute", "60"))))))
        session.flush()
    except IntegrityError as error:
        raise Refusal(f"There is a key named {name!r} already. Choose another name.") from error
    return respond.page(request, house, "api_keys/index.html", keys=people.keys(session), scopes=SCOPES, made=made)


@router.post("/{key_id}/end")
def end(request: Request, session: Writing, caller: TheAdmin, key_id: int) -> Response:
    people.revoke(session, key_id)
    return respond.see(request, "/api-keys")
