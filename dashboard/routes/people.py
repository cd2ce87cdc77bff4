"""People: who may sit at the desk, in which role. Only an admin changes it."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import House, Reading, TheAdmin, TheHouse, Writing
from dashboard.forms import read_form
from db import people, second_factor
from db.models import Person
from db.people import UnusablePerson

router = APIRouter(prefix="/people")


@router.get("")
def index(request: Request, house: TheHouse, session: Reading, caller: TheAdmin) -> Response:
    return shown(request, house, session)


def shown(request: Request, house: House, session: Session, link: str = "", whom: str = "") -> Response:
    return respond.page(
        request,
        house,
        "people/index.html",
        people=people.everybody(session),
        roles=people.ROLES,
        teams=people.teams(session),
        link=link,
        whom=whom,
    )


@router.post("")
def create(
    request: Request,
    house: TheHouse,
    session: Writing,
    caller: TheAdmin,
    form: Annotated[FormData, Depends(read_form)],
) -> Response:
    """Somebody new, who chooses a password with the link that is shown once."""
    email, name, role = (str(form.get(field, "")).strip() for field in ("email", "name", "role"))
    if role not in people.ROLES:
        raise UnusablePerson(f"A role is one of {', '.join(people.ROLES)}.")
    person = people.add_person(session, email, secrets.token_urlsafe(24), name=name, role=role)
    return shown(request, house, session, link_for(request, session, person), person.email)


@router.post("/{person_id}")
def update(
    request: Request, session: Writing, caller: TheAdmin, person_id: int, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    person = session.get_one(Person, person_id)
    people.change(
        session, person, role=str(form.get("role", person.role)), is_active=form.get("is_active") == "on",
        team=str(form.get("team", "")),
    )  # fmt: skip
    return respond.see(request, "/people")


@router.post("/{person_id}/invitation")
def invite(request: Request, house: TheHouse, session: Writing, caller: TheAdmin, person_id: int) -> Response:
    """A new link, for somebody who forgot the password or lost the phone: the second factor is given up with it."""
    person = session.get_one(Person, person_id)
    second_factor.give_up(person)
    return shown(request, house, session, link_for(request, session, person), person.email)


def link_for(request: Request, session: Session, person: Person) -> str:
    return f"{str(request.base_url).rstrip('/')}/invitation/{people.invite(session, person)}"
