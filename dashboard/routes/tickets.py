"""Tickets: the queue, and one ticket with its mail and its proposal."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from dashboard import conversations, respond
from dashboard.deps import Reading, TheCaller, TheHouse
from dashboard.forms import where
from dashboard.proposals import proposal_of
from dashboard.rows import Row, row_of, undo_of
from db import canned, edits, letters, notices, outbox, people, presence, queue, search, tickets, trail, versions
from db.models import Ticket, now

router = APIRouter()
MOST_ROWS = 500


def query_of(
    view: str = "open",
    q: Annotated[str, Query(max_length=200)] = "",
    sort: str = "urgent",
    tag: Annotated[str, Query(max_length=40)] = "",
    category: Annotated[str, Query(max_length=60)] = "",
    most: Annotated[int, Query(ge=1, le=MOST_ROWS)] = queue.AT_ONCE,
) -> queue.Query:
    """What the address asks for; an unknown view or order is the usual one. Who types a search looks everywhere."""
    view = view if view in queue.VIEWS else "open"
    return queue.Query(view, q, sort if sort in queue.SORTS else "urgent", tag, category, most)


def query_from(where: str) -> queue.Query:
    """The same, from what a form says of where somebody was."""
    kept: dict[str, Any] = dict(parse_qsl(where.lstrip("?")))
    return query_of(**{name: kept[name] for name in queue.IN_ADDRESS if name in kept})


TheQuery = Annotated[queue.Query, Depends(query_of)]


@router.get("/")
def home() -> Response:
    return RedirectResponse("/tickets", 303)


@router.get("/tickets")
def index(request: Request, house: TheHouse, session: Reading, caller: TheCaller, query: TheQuery) -> Response:
    """The queue; with tickets in it, the first is open beside it."""
    shown = queue.listed(session, mine(query, caller))
    ready = next((t for t in shown if t.status == "in_review"), shown[0] if shown else None)
    whole = tickets.get(session, ready.id, anew=True) if ready else None
    return review(request, house, session, caller, whole, query, shown)


@router.get("/tickets/{ticket_id}")
def show(
    request: Request, house: TheHouse, session: Reading, caller: TheCaller, ticket_id: int, query: TheQuery
) -> Response:
    listed = queue.listed(session, mine(query, caller))
    return review(request, house, session, caller, tickets.get(session, ticket_id, anew=True), query, listed)


def mine(query: queue.Query, caller: TheCaller) -> queue.Query:
    return replace(query, me=caller.person_id, team=caller.team)


def note_seen(house: TheHouse, session: Reading, ticket: Ticket, caller: TheCaller) -> None:
    """The trail tells who saw a ticket, once for each version of it."""
    if not trail.has_seen(session, ticket, caller.name):
        with house.open_session() as writing:
            trail.see(writing, tickets.get(writing, ticket.id), caller.name)
            notices.read(writing, caller.person_id, ticket.id)


def review(
    request: Request,
    house: TheHouse,
    session: Reading,
    caller: TheCaller,
    ticket: Ticket | None,
    query: queue.Query,
    listed: Sequence[Ticket],
) -> Response:
    if ticket is not None and not request.headers.get("hx-preloaded"):  # a look in advance is no look
        note_seen(house, session, ticket, caller)
    found = search.excerpts(session, [one.id for one in listed], query.words)
    rows = [row_of(one, house.desk, found.get(one.id, ())) for one in listed]
    values: dict[str, Any] = {"rows": rows, "ticket": ticket, "query": query, "where": where_of(query)}
    values["undoable"] = undoable(house, session)
    values |= {"saved_views": queue.saved_views(session, caller.person_id), "labels": labels(house)}
    if ticket is not None:
        values |= of_ticket(house, session, caller, ticket, rows)
    return respond.page(request, house, "tickets/show.html", **values)


def where_of(query: queue.Query) -> str:
    return where(urlencode(query.as_json())).lstrip("?")


def labels(house: TheHouse) -> dict[str, str]:
    return {category.name: category.label for category in house.desk.categories}


@dataclass(frozen=True)
class Undoable:
    """Something that was signed and has not begun: what, for or to whom, and for how many seconds it can be taken back."""

    ticket: Ticket
    what: str
    way: str
    whom: str
    done: str
    seconds: int
    address: str


def undoable(house: TheHouse, session: Reading) -> list[Undoable]:
    found = [
        Undoable(
            row.ticket, f"“{row.payload['subject']}”", "to", row.payload["to"], "passed on",
            ceil((row.not_before - now()).total_seconds()), f"/tickets/{row.ticket_id}/letters/{row.id}/withdrawal",
        )
        for row in letters.on_the_way(session)
    ]  # fmt: skip
    names = labels(house)
    for ticket in queue.just_approved(session):
        what, whom = names.get(ticket.category, ticket.category), ticket.from_name or ticket.from_email
        address = f"/tickets/{ticket.id}/withdrawal"
        found.append(Undoable(ticket, what, "for", whom, "approved", undo_of(ticket), address))
    return [one for one in found if one.seconds > 0]


def of_ticket(
    house: TheHouse, session: Reading, caller: TheCaller, ticket: Ticket, rows: list[Row]
) -> dict[str, object]:
    edit = edits.of(session, ticket, caller.person_id) if ticket.status == "in_review" else None
    return {
        "shown_mails": conversations.conversation(ticket),
        "has_mails": bool(ticket.mails),
        "incoming": sum(not mail.outgoing for mail in ticket.mails),
        "proposal": proposal_of(ticket, house.desk, house.undo_seconds, edit),
        "edit": edit,
        "undo": undo_of(ticket),
        "place": next((i for i, row in enumerate(rows) if row.ticket.id == ticket.id), None),
        "model": conversations.said_by(ticket),
        "versions": versions.choosable(session),
        "events": [event for event in ticket.events if event.what != trail.SEEN],
        "result": conversations.result_of(ticket),
        "code_out": conversations.code_out(session, ticket, house.desk),
        "unsettled": outbox.unsettled(ticket) if ticket.status == "stuck" else None,
        "others": presence.others(session, ticket.id, caller.person_id),
        "teams": people.teams(session),
        "everybody": (everybody := people.everybody(session)),
        "canned": canned.all_of(session),
        "letters_unsure": [row for row in ticket.promises if row.kind == "letter" and row.state == "unknown"],
        "names": {one.email: one.name for one in everybody if one.name},
    }
