"""A ticket gets its draft: received → in review."""

import logging
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, Protocol

import py3langid

from ai.confidence import confidence_of, reasons_for_a_person
from ai.parsing import UnusableOutput, parse_draft, read_words
from ai.prompt import MailText
from db import parts, tickets
from db.desk import Desk
from db.drafts import Draft
from db.lifecycle import Status
from db.models import Mail, Ticket
from db.session import OpenSession

log = logging.getLogger(__name__)


class ModelDown(Exception):
    """The model gave no draft this time; the message says why."""


@dataclass(frozen=True)
class Written:
    """What a model wrote, before anybody believes it. `passages` hold page, heading and text."""

    text: str
    categories: dict[str, float]
    username_probability: float
    passages: list[dict[str, str]] = field(default_factory=list)
    made_by: dict[str, Any] = field(default_factory=dict)


class Model(Protocol):
    def draft(self, mail: MailText, category: str = "") -> Written:
        """Write a draft. Raise ModelDown."""


def draft_next(open_session: OpenSession, desk: Desk, model: Model) -> bool:
    """Draft one ticket. Return False when there is none, so the caller may rest."""
    with open_session.reading() as session:
        ticket = tickets.waiting_for_draft(session)
        mail = tickets.newest_question(ticket) if ticket else None
        if ticket is None:
            return False
        seen, text = ticket.version, mail_text(ticket, mail)
    try:
        written = model.draft(text)
        draft = parse_draft(written.text, desk, text)
    except (ModelDown, UnusableOutput) as problem:
        with open_session() as session:
            if isinstance(problem, ModelDown):
                parts.report(session, "model", "failing", str(problem))
            tickets.draft_failed(session, still(session, ticket.id, seen), str(problem))
        return True
    confidence = confidence_of(written.categories, draft.category, written.username_probability)
    reasons = reasons_for_a_person(draft, desk, text.words, confidence)
    with open_session() as session:
        parts.report(session, "model", "ok", name_of(written.made_by))
        tickets.propose(
            session,
            still(session, ticket.id, seen),
            draft,
            confidence=confidence,
            needs_human=bool(reasons),
            reasons=reasons,
            language=language_of(text.body, desk),
            made_by={
                **written.made_by,
                "categories": top_three(written.categories),
                "sources": written.passages,
                "words": words_used(written.text, desk, draft),
            },
        )
    log.info("ticket %s drafted in %s s", ticket.id, written.made_by.get("seconds"))
    return True


def mail_text(ticket: Ticket, mail: Mail | None) -> MailText:
    if mail is None:  # a ticket by hand has no mail
        return MailText(ticket.from_name, ticket.from_email, ticket.received_at, ticket.subject, "")
    date = mail.date if mail.date.tzinfo else mail.date.replace(tzinfo=UTC)
    return MailText(mail.from_name, mail.from_email, date, mail.subject, mail.text)


def still(session: Any, ticket_id: int, seen: int) -> Ticket:
    """The ticket, if it is as it was when we began. Raise StaleTicket."""
    ticket = tickets.get(session, ticket_id)
    if ticket.version != seen or ticket.status != Status.RECEIVED:
        raise tickets.StaleTicket(f"Ticket {ticket_id} changed while it was drafted; it is drafted again.")
    return ticket


def words_used(text: str, desk: Desk, draft: Draft) -> dict[str, str]:
    """The words of the mail that filled user name and details, for the page to mark."""
    said = read_words(text, desk)
    used = {key: said.details[key] for key in draft.details if key in said.details}
    return {"username": draft.username, **used} if draft.username else used


def top_three(categories: dict[str, float]) -> list[tuple[str, float]]:
    best = sorted(categories.items(), key=lambda item: -item[1])[:3]
    return [(name, round(probability, 4)) for name, probability in best]


def name_of(made_by: dict[str, Any]) -> str:
    return str(made_by.get("adapter") or made_by.get("base") or "model")


def language_of(text: str, desk: Desk) -> str:
    """One of the desk's languages, its first where the text is too short to say."""
    if len(text) < 12:
        return desk.languages[0]
    ranked = [language for language, _ in py3langid.rank(text) if language in desk.languages]
    return ranked[0] if ranked else desk.languages[0]
