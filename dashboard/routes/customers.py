"""Customers: who somebody is to the club and to this desk; several addresses of one person become one."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import House, Reading, TheAdmin, TheCaller, TheHouse, Writing
from dashboard.forms import read_form
from dashboard.refusals import Refusal
from dashboard.rows import row_of
from db import customers, erasure
from db.customers import Known, Membership
from db.plans import NoAnswer

router = APIRouter(prefix="/customers")
Email = Annotated[str, Query(max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")]


@router.get("")
def show(request: Request, house: TheHouse, session: Reading, email: Email) -> Response:
    known = customers.of(session, email)
    members, problem = members_of(house, known)
    rows = [row_of(ticket, house.desk) for ticket in customers.tickets_of(session, known)]
    count = customers.count_of(session, known)
    return respond.page(
        request,
        house,
        "customers/show.html",
        known=known,
        email=email,
        members=members,
        problem=problem,
        rows=rows,
        count=count,
    )


def members_of(house: House, known: Known) -> tuple[list[Membership], str]:
    """Their accounts; or why that is not known just now."""
    if house.pre_check is None:
        return [], "No club is connected."
    try:
        return house.pre_check.memberships(known.emails), ""
    except NoAnswer as problem:
        return [], str(problem)


@router.post("")
def update(
    request: Request, session: Writing, caller: TheCaller, email: Email, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    customers.write_down(session, email, name=str(form.get("name", "")), about=str(form.get("about", "")))
    return respond.see(request, f"/customers?email={email}")


@router.post("/addresses")
def merge(
    request: Request, session: Writing, caller: TheCaller, email: Email, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`other`: another address of the same person."""
    customers.merge(session, email, str(form.get("other", "")).strip().lower())
    return respond.see(request, f"/customers?email={email}")


@router.post("/addresses/end")
def part(
    request: Request, session: Writing, caller: TheCaller, email: Email, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`other`: an address that is not theirs after all."""
    customers.part(session, str(form.get("other", "")))
    return respond.see(request, f"/customers?email={email}")


@router.get("/oblivion")
def ask(request: Request, house: TheHouse, session: Reading, caller: TheAdmin, email: Email) -> Response:
    """What forgetting them would erase, before anything is."""
    known = customers.of(session, email)
    there = erasure.what_there_is(session, known)
    return respond.page(request, house, "customers/oblivion.html", known=known, email=email, there=there)


@router.post("/oblivion")
def forget(
    request: Request, house: TheHouse, caller: TheAdmin, email: Email, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`sure`: the address once more, typed by hand."""
    if str(form.get("sure", "")).strip().lower() != email.strip().lower():
        raise Refusal("Type the address to say that you mean it. Nothing was erased.")
    with house.open_session() as session:
        done = erasure.forget(session, customers.of(session, email), by=caller.name)
    is_clean = erasure.scrub(house.open_session)
    return respond.page(request, house, "customers/oblivion.html", known=None, email="", there=done, is_clean=is_clean)
