"""The HTTP interface for programs, as the contract fixes it."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field

from dashboard.deps import Caller, Reading, TheCaller, TheHouse, Writing, check_lead, needs_scope
from dashboard.refusals import Refusal
from dashboard.routes.approvals import sign
from db import decisions, retrainings, tickets
from db.drafts import Draft
from db.lifecycle import Status
from db.models import Retraining, Ticket

router = APIRouter(prefix="/api")


class AnswerIn(BaseModel):
    category: str
    username: str = ""
    details: dict[str, str] = Field(default_factory=dict)
    reply: str


class ApprovalIn(BaseModel):
    seen: int
    answer: AnswerIn | None = None


class TicketIn(BaseModel):
    subject: str = Field(default="", max_length=500)
    body: str = Field(min_length=1, max_length=100_000)
    from_email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    from_name: str = ""


@router.get("/tickets", dependencies=[needs_scope("tickets:read")])
def index(
    session: Reading,
    status: Status | None = None,
    q: Annotated[str, Query(max_length=200)] = "",
    after: int | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Newest first; pass `next` as `after` to go on."""
    found = tickets.page(session, status=status or "", words=q, after=after, limit=limit)
    return {"tickets": [in_list(ticket) for ticket in found], "next": found[-1].id if len(found) == limit else None}


@router.get("/tickets/{ticket_id}", dependencies=[needs_scope("tickets:read")])
def show(session: Reading, ticket_id: int) -> dict[str, Any]:
    return whole(tickets.get(session, ticket_id))


@router.post("/tickets", status_code=201, dependencies=[needs_scope("tickets:write")])
def create(session: Writing, caller: TheCaller, body: TicketIn) -> dict[str, Any]:
    """A ticket by hand; it is drafted like any other."""
    return whole(tickets.open_by_hand(session, by=caller.name, **body.model_dump(), identity=vouched(caller)))


@router.post("/tickets/{ticket_id}/approval", dependencies=[needs_scope("approvals:write")])
def approve(house: TheHouse, caller: TheCaller, ticket_id: int, body: ApprovalIn) -> dict[str, Any]:
    """Sign. 409 where `seen` is stale, 422 where a check refuses it."""
    with house.open_session.reading() as session:
        proposal = tickets.proposal(tickets.get(session, ticket_id))
    answer = Draft(**body.answer.model_dump()) if body.answer else proposal
    if answer is None or answer.category not in house.desk.category_names:
        raise Refusal("There is no draft to approve: send an answer with one of the desk's categories.")
    sign(house, ticket_id, answer, caller, body.seen)
    with house.open_session.reading() as session:
        return whole(tickets.get(session, ticket_id))


@router.delete("/tickets/{ticket_id}/approval", dependencies=[needs_scope("approvals:write")])
def withdraw(session: Writing, caller: TheCaller, ticket_id: int) -> dict[str, Any]:
    """Undo. 409 when it is too late."""
    ticket = tickets.get(session, ticket_id)
    decisions.withdraw(session, ticket, by=caller.name, seen=ticket.version)
    return whole(ticket)


class RetrainingIn(BaseModel):
    steps: int = Field(default=retrainings.STEPS, ge=1, le=retrainings.MOST_STEPS)


@router.post("/retrainings", status_code=202, dependencies=[needs_scope("retrainings:write")])
def retrain(session: Writing, caller: TheCaller, body: RetrainingIn | None = None) -> dict[str, Any]:
    """Order a retraining on the lessons; its result does not serve by itself. 409 while one is under way."""
    if not caller.is_program and caller.role != "admin":
        raise HTTPException(403, "Only an admin may do this.")
    return {"id": retrainings.order(session, by=caller.name, steps=(body or RetrainingIn()).steps).id}


@router.get("/retrainings/{retraining_id}", dependencies=[needs_scope("retrainings:write")])
def retraining(session: Reading, caller: TheCaller, retraining_id: int) -> dict[str, Any]:
    """For programs with that scope; of people, for leads, as the page is."""
    if not caller.is_program:
        check_lead(caller)
    return told(retrainings.get(session, retraining_id))


def told(row: Retraining) -> dict[str, Any]:
    names = ("id", "state", "asked_by", "steps", "start", "version", "lessons", "progress", "words")
    return {**{name: getattr(row, name) for name in names}, "may_serve": bool(row.report.get("may_serve"))}


def vouched(caller: Caller) -> tuple[str, str]:
    """A person who takes a request down has spoken with whoever asks; a program has only been told an address."""
    if caller.is_program:
        return "unverified", f"{caller.name} stated it, nobody checked it"
    return "colleague", f"{caller.name} took it down"


def in_list(ticket: Ticket) -> dict[str, Any]:
    names = (
        "id",
        "status",
        "version",
        "subject",
        "from_email",
        "received_at",
        "category",
        "username",
        "confidence",
        "needs_human",
    )
    return {name: getattr(ticket, name) for name in names}


def whole(ticket: Ticket) -> dict[str, Any]:
    mails = [
        {
            name: getattr(mail, name)
            for name in (
                "id",
                "outgoing",
                "message_id",
                "date",
                "from_name",
                "from_email",
                "to",
                "subject",
                "text",
                "kind",
            )
        }
        for mail in ticket.mails
    ]
    events = [
        {name: getattr(event, name) for name in ("at", "actor", "what", "old", "new", "note")}
        for event in ticket.events
    ]
    rows = [
        {name: getattr(row, name) for name in ("key", "kind", "state", "attempts", "result")} for row in ticket.promises
    ]
    return {
        **in_list(ticket),
        "mails": mails,
        "draft": ticket.draft,
        "answer": ticket.answer,
        "events": events,
        "outbox": rows,
    }
