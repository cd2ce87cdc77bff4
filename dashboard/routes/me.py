"""Me: what a person chooses for their own pages."""

from typing import Annotated
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import Reading, TheCaller, TheHouse, Writing
from dashboard.forms import read_form
from dashboard.refusals import Refusal
from db import people

router = APIRouter(prefix="/me")


@router.get("")
def show(request: Request, house: TheHouse, session: Reading, caller: TheCaller) -> Response:
    has_second = bool(people.named(session, caller.name).totp)
    return respond.page(request, house, "me/show.html", zones=sorted(available_timezones()), has_second=has_second)


@router.post("")
def update(
    request: Request, session: Writing, caller: TheCaller, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    person = people.named(session, caller.name)
    zone, theme, language = (str(form.get(name, "")).strip() for name in ("zone", "theme", "language"))
    if zone and zone not in available_timezones():
        raise Refusal("Choose one of the time zones of the list, such as Europe/Berlin.")
    if theme not in ("", "light", "dark") or language not in ("", "en", "de"):
        raise Refusal("Choose a theme and a language of the lists.")
    person.name = " ".join(str(form.get("name", "")).split())[:80]
    person.zone, person.theme, person.language = zone, theme, language
    person.uses_keys = form.get("uses_keys") == "on"
    return respond.see(request, "/me")
