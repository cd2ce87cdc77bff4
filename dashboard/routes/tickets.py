"""Tickets: the queue, and one ticket with its mail and its proposal."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from dashboard import respond, views
from dashboard.deps import Reading, TheCaller, TheHouse
from db import outbox, tickets, trail, versions
from db.models import Ticket

router = APIRouter()


@router.get("/")
def home() -> Response:
    return RedirectResponse("/tickets", 303)


@router.get("/tickets")
def index(
    request: Request,
    house: TheHouse,
    session: Reading,
    caller: TheCaller,
    view: str = "open",
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The queue; with tickets in it, the first is open beside it."""
    view = view if view in tickets.VIEWS else "open"
    listed = tickets.listed(session, view, words=q)
    ready = next((t for t in listed if t.status == "in_review"), listed[0] if listed else None)
    note_seen(house, session, ready, caller)
    return review(request, house, session, ready, view, q)


@router.get("/tickets/{ticket_id}")
def show(
    request: Request,
    house: TheHouse,
    session: Reading,
    caller: TheCaller,
    ticket_id: int,
    view: str = "open",
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    ticket = tickets.get(session, ticket_id)
    note_seen(house, session, ticket, caller)
    return review(request, house, session, ticket, view if view in tickets.VIEWS else "open", q)


def note_seen(house: TheHouse, session: Reading, ticket: Ticket | None, caller: TheCaller) -> None:
    """The trail tells who saw a ticket, once for each version of it."""
    if ticket is not None and not trail.has_seen(session, ticket, caller.name):
        with house.open_session() as writing:
            trail.write(writing, tickets.get(writing, ticket.id), trail.SEEN, actor=caller.name)


def review(request: Request, house: TheHouse, session: Reading, ticket: Ticket | None, view: str, q: str) -> Response:
    rows = [views.row_of(one, house.desk, snippet(one)) for one in tickets.listed(session, view, words=q)]
    values: dict[str, object] = {"rows": rows, "ticket": ticket, "view": view, "q": q}
    if ticket is not None:
        values |= {
            "mails": views.conversation(ticket),
            "proposal": views.proposal_of(ticket, house.desk, house.undo_seconds),
            "undo": views.undo_of(ticket),
            "place": next((i for i, row in enumerate(rows) if row.ticket.id == ticket.id), None),
            "model": views.said_by(ticket),
            "versions": versions.choosable(session),
            "events": [event for event in ticket.events if event.what != trail.SEEN],
            "result": views.result_of(ticket),
            "code_out": views.code_out(session, ticket, house.desk),
            "unsettled": outbox.unsettled(ticket) if ticket.status == "stuck" else None,
        }
    return respond.page(request, house, "tickets/show.html", **values)


def snippet(ticket: Ticket) -> str:
    newest = tickets.newest_question(ticket)
    return " ".join(newest.text.split())[:90] if newest else ""
