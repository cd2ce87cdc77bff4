"""Drafts for programs, as the contract fixes them: nothing is stored but that somebody asked."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from dashboard.deps import Caller, House, TheCaller, TheHouse, needs_scope
from dashboard.problems import may_answer
from db import triage
from db.plans import NoAnswer
from db.triage import Busy, MailIn, Triaged

router = APIRouter()


def with_words(value: str) -> str:
    if not value.strip():
        raise ValueError("must say something")
    return value


class IssueIn(BaseModel):
    issue: Annotated[str, Field(min_length=1, max_length=20_000), AfterValidator(with_words)]


class MailToTriage(BaseModel):
    subject: str = Field(default="", max_length=500)
    body: Annotated[str, Field(min_length=1, max_length=100_000), AfterValidator(with_words)]
    from_email: str = Field(default="", max_length=320)
    from_name: str = Field(default="", max_length=200)
    date: AwareDatetime | None = None


class Drafted(BaseModel):
    category: str
    username: str
    details: dict[str, str]
    confidence: float
    needs_human: bool
    model: str


class Generated(Drafted):
    issue: str
    response: str


class CategoryOut(BaseModel):
    category: str
    probability: float


class TriageOut(Drafted):
    reply: str
    categories: list[CategoryOut]
    reasons: list[str]
    sources: list[dict[str, str]]
    timings_ms: dict[str, int]


@router.post("/generate", responses=may_answer(429), dependencies=[needs_scope("generate")])
def generate(house: TheHouse, caller: TheCaller, body: IssueIn) -> Generated:
    """What the desk would answer to these words."""
    mail = MailIn("", body.issue, "", "", datetime.now(UTC))
    found = asked(house, caller, "/generate", lambda: model_of(house).triage(mail))
    return Generated(issue=body.issue, response=found.draft.reply, **in_short(found))


@router.post("/api/triage", responses=may_answer(429), dependencies=[needs_scope("triage")])
def show(house: TheHouse, caller: TheCaller, body: MailToTriage) -> TriageOut:
    """The draft of a mail with what stands behind it. Stores nothing."""
    mail = MailIn(body.subject, body.body, body.from_email, body.from_name, body.date or datetime.now(UTC))
    found = asked(house, caller, "/api/triage", lambda: model_of(house).triage(mail))
    return TriageOut(
        **in_short(found),
        reply=found.draft.reply,
        categories=[CategoryOut(category=name, probability=probability) for name, probability in found.categories],
        reasons=list(found.reasons),
        sources=[dict(one) for one in found.sources],
        timings_ms=dict(found.timings_ms),
    )


def in_short(found: Triaged) -> dict[str, Any]:
    return {
        "category": found.draft.category,
        "username": found.draft.username,
        "details": dict(found.draft.details),
        "confidence": found.confidence,
        "needs_human": found.needs_human,
        "model": found.model,
    }


def model_of(house: House) -> Any:
    """Raise NoAnswer: a process without the model answers 503 in words."""
    if house.triage is None:
        raise NoAnswer("This process has no model. Ask one that drafts.")
    return house.triage


def asked(house: House, caller: Caller, route: str, ask: Callable[[], Triaged]) -> Triaged:
    """Within the caller's limit, and noted whatever comes of it. Raise Busy, NoAnswer."""
    began, status = time.monotonic(), 500
    try:
        house.limits.take(caller.name, caller.per_minute)
        found = ask()
        status = 200
        return found
    except Busy:
        status = 429
        raise
    except NoAnswer:
        status = 503
        raise
    finally:
        with house.open_session() as session:
            triage.note(session, caller.name, route, status, round(1000 * (time.monotonic() - began)))
