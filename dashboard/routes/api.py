"""The HTTP interface for programs, as the contract fixes it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field

from dashboard.deps import Caller, Reading, TheCaller, TheHouse, Writing, check_lead, needs_scope
from dashboard.problems import may_answer
from dashboard.refusals import Refusal
from dashboard.routes.approvals import sign
from db import decisions, retrainings, tickets
from db.drafts import Draft
from db.lifecycle import Status

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
    from_email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=320)
    from_name: str = Field(default="", max_length=200)


class Shown(BaseModel):
    """Read off a row of the database."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")


class TicketInList(Shown):
    id: int
    status: Status
    version: int
    subject: str
    from_email: str
    received_at: datetime
    category: str
    username: str
    confidence: float | None
    needs_human: bool


class MailOut(Shown):
    id: int
    outgoing: bool
    message_id: str
    date: datetime
    from_name: str
    from_email: str
    to: list[str]
    subject: str
    text: str
    kind: str


class EventOut(Shown):
    at: datetime
    actor: str
    what: str
    old: str
    new: str
    note: str


class PromiseOut(Shown):
    key: str
    kind: str
    state: str
    attempts: int
    result: dict[str, Any] | None


class TicketOut(TicketInList):
    mails: list[MailOut]
    draft: dict[str, Any] | None
    answer: dict[str, Any] | None
    events: list[EventOut]
    outbox: list[PromiseOut] = Field(validation_alias="promises")


class Page(BaseModel):
    tickets: list[TicketInList]
    next: int | None


class Ordered(BaseModel):
    id: int


class RetrainingOut(Shown):
    id: int
    state: str
    asked_by: str
    steps: int
    start: str
    version: str
    lessons: int
    progress: dict[str, Any]
    words: str
    may_serve: bool


@router.get("/tickets", dependencies=[needs_scope("tickets:read")])
def index(
    session: Reading,
    status: Status | None = None,
    q: Annotated[str, Query(max_length=200)] = "",
    after: int | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page:
    """Newest first; pass `next` as `after` to go on."""
    found = tickets.page(session, status=status or "", words=q, after=after, limit=limit)
    shown = [TicketInList.model_validate(ticket) for ticket in found]
    return Page(tickets=shown, next=found[-1].id if len(found) == limit else None)


@router.get("/tickets/{ticket_id}", responses=may_answer(404), dependencies=[needs_scope("tickets:read")])
def show(session: Reading, ticket_id: int) -> TicketOut:
    return TicketOut.model_validate(tickets.get(session, ticket_id))


@router.post("/tickets", status_code=201, dependencies=[needs_scope("tickets:write")])
def create(session: Writing, caller: TheCaller, body: TicketIn) -> TicketOut:
    """A ticket by hand; it is drafted like any other."""
    return TicketOut.model_validate(
        tickets.open_by_hand(session, by=caller.name, **body.model_dump(), identity=vouched(caller))
    )


@router.post(
    "/tickets/{ticket_id}/approval", responses=may_answer(404, 409), dependencies=[needs_scope("approvals:write")]
)
def approve(house: TheHouse, caller: TheCaller, ticket_id: int, body: ApprovalIn) -> TicketOut:
    """Sign. 409 where `seen` is stale, 422 where a check refuses it."""
    with house.open_session.reading() as session:
        proposal = tickets.proposal(tickets.get(session, ticket_id))
    answer = Draft(**body.answer.model_dump()) if body.answer else proposal
    if answer is None or answer.category not in house.desk.category_names:
        raise Refusal("There is no draft to approve: send an answer with one of the desk's categories.")
    sign(house, ticket_id, answer, caller, body.seen)
    with house.open_session.reading() as session:
        return TicketOut.model_validate(tickets.get(session, ticket_id))


@router.delete(
    "/tickets/{ticket_id}/approval", responses=may_answer(404, 409), dependencies=[needs_scope("approvals:write")]
)
def withdraw(session: Writing, caller: TheCaller, ticket_id: int) -> TicketOut:
    """Undo. 409 when it is too late."""
    ticket = tickets.get(session, ticket_id)
    decisions.withdraw(session, ticket, by=caller.name, seen=ticket.version)
    return TicketOut.model_validate(ticket)


class RetrainingIn(BaseModel):
    steps: int = Field(default=retrainings.STEPS, ge=1, le=retrainings.MOST_STEPS)


@router.post(
    "/retrainings", status_code=202, responses=may_answer(409), dependencies=[needs_scope("retrainings:write")]
)
def retrain(session: Writing, caller: TheCaller, body: RetrainingIn | None = None) -> Ordered:
    """Order a retraining on the lessons; its result does not serve by itself. 409 while one is under way."""
    if not caller.is_program and caller.role != "admin":
        raise HTTPException(403, "Only an admin may do this.")
    return Ordered(id=retrainings.order(session, by=caller.name, steps=(body or RetrainingIn()).steps).id)


@router.get("/retrainings/{retraining_id}", responses=may_answer(404), dependencies=[needs_scope("retrainings:write")])
def retraining(session: Reading, caller: TheCaller, retraining_id: int) -> RetrainingOut:
    """For programs with that scope; of people, for leads, as the page is."""
    if not caller.is_program:
        check_lead(caller)
    return RetrainingOut.model_validate(retrainings.get(session, retraining_id))


def vouched(caller: Caller) -> tuple[str, str]:
    """A person who takes a request down has spoken with whoever asks; a program has only been told an address."""
    if caller.is_program:
        return "unverified", f"{caller.name} stated it, nobody checked it"
    return "colleague", f"{caller.name} took it down"
