"""Tickets get their drafts: received → in review."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any, Protocol

from ai.confidence import TALKS_TO_US
from ai.library import Library
from ai.parsing import UnusableOutput, read_words
from ai.prompt import MailText
from ai.weighing import name_of, sources_of, top_three, weighed, with_passages
from ai.written import Decided, Growing, News, Question, Underway, Undrafted, Written
from db import logs, parts, tickets, traces, trials, versions, wording
from db.desk import Desk
from db.drafts import Draft
from db.lifecycle import Status
from db.loop import TryLater
from db.models import Mail, Ticket
from db.session import OpenSession

log = logging.getLogger(__name__)
TOGETHER = 8  # tickets taken up at one time


class ModelDown(TryLater):
    """The model gave no draft this time; the message says why."""


class Model(Protocol):
    def draft(self, asked: Sequence[Question]) -> Iterator[tuple[int, News]]:
        """News of each mail by its place: its category as soon as it is known, then its draft. Raise ModelDown."""


@dataclass(frozen=True)
class Waiting:
    """A ticket without a draft, as it was when we looked."""

    ticket_id: int
    seen: int
    asked: Question


def draft_next(open_session: OpenSession, desk: Desk, model: Model, library: Library | None = None) -> bool:
    """Draft the tickets that wait, a handful at a time. Return False when there is none, so the caller may rest.

    `library`: where passages for an answer are found; without one the model looks into the desk's folder.
    """
    with open_session.reading() as session:
        waiting = [
            Waiting(
                ticket.id,
                ticket.version,
                asked_of(ticket, versions.folder_for(session, trials.version_for(session, ticket))),
            )
            for ticket in tickets.waiting_for_draft(session, TOGETHER)
        ]
    if not waiting:
        return False
    if library is not None:
        waiting = informed(waiting, desk, library)
    left = dict(enumerate(waiting))
    try:
        for place, news in model.draft([one.asked for one in waiting]):
            store(open_session, desk, waiting[place], news)
            if not isinstance(news, Underway):
                del left[place]
    except ModelDown as problem:
        with open_session() as session:
            parts.report(session, "model", "failing", str(problem))
        for one in left.values():
            store(open_session, desk, one, Undrafted(str(problem)))
    return True


def informed(waiting: Sequence[Waiting], desk: Desk, library: Library) -> list[Waiting]:
    asked = with_passages([one.asked for one in waiting], desk, library)
    return [replace(one, asked=question) for one, question in zip(waiting, asked, strict=True)]


def store(open_session: OpenSession, desk: Desk, one: Waiting, news: News) -> None:
    """Write down what became of one ticket, unless it changed meanwhile; then it is drafted again."""
    logs.about(ticket=one.ticket_id)
    try:
        with open_session() as session:
            ticket = still(session, one.ticket_id, one.seen)
            if isinstance(news, Growing):
                return
            if isinstance(news, Decided):
                tickets.announce(session, ticket, news.chosen, top_three(news.categories))
                return
            try:
                if isinstance(news, Undrafted):
                    raise UnusableOutput(news.problem)
                propose(session, ticket, desk, one.asked, news)
            except UnusableOutput as problem:
                tickets.draft_failed(session, ticket, str(problem))
                return
        log.info("drafted in %.2f s", news.seconds)
        traces.record(
            "draft",
            news.seconds,
            {
                "courtdesk.base": str(news.made_by.get("base", "")),
                "courtdesk.adapter": str(news.made_by.get("adapter", "")),
                "courtdesk.prompt_tokens": news.prompt_tokens,
                "courtdesk.written_tokens": news.written_tokens,
            },
            ticket=one.ticket_id,
        )
    except tickets.StaleTicket as problem:
        log.info("%s", problem)


def propose(session: Any, ticket: Ticket, desk: Desk, asked: Question, written: Written) -> None:
    """Raise UnusableOutput."""
    question = tickets.newest_question(ticket)
    speaks = wording.current(session, desk)
    found = weighed(asked, written, speaks, (question.said or question.text) if question else asked.mail.body)
    has_orders = question is not None and question.orders != ""  # in a subject or hidden text too, unlike the signs
    talks = [TALKS_TO_US] if has_orders and TALKS_TO_US not in found.reasons else []
    instead_of = written.made_by.get("instead_of")
    state, words = ("failing", f"{instead_of} The local model drafts instead.") if instead_of else ("ok", "")
    parts.report(session, "model", state, words or name_of(written.made_by))
    version = str(written.made_by.get("adapter") or versions.BASE_ALONE)
    if "server" in written.made_by:
        trials.end_where_a_server_drafts(session)
    trials.note(session, ticket, found.draft, version=version, seconds=written.seconds)
    tickets.propose(
        session,
        ticket,
        found.draft,
        confidence=found.confidence,
        needs_human=found.needs_human or has_orders,
        reasons=[*found.reasons, *talks],
        language=found.language,
        wanted_model="",
        made_by={**made_by(written, desk, found.draft), "features": found.features, "calibration": found.calibration},
    )


def made_by(written: Written, desk: Desk, draft: Draft) -> dict[str, Any]:
    return {
        **written.made_by,
        "prompt_tokens": written.prompt_tokens,
        "written_tokens": written.written_tokens,
        "passes": written.passes,
        "truncated": written.truncated,
        "seconds": round(written.seconds, 2),
        "categories": top_three(written.categories),
        "signs": written.signs,
        "sources": sources_of(written),
        "words": words_used(written.text, desk, draft),
    }


def shadow_next(open_session: OpenSession, desk: Desk, model: Model, library: Library | None = None) -> bool:
    """Draft silently, with the version on trial, what staff have before them. Return False when there is none."""
    with open_session.reading() as session:
        trial, found = trials.waiting_for_shadow(session, 1)
        if trial is None or not found:
            return False
        folder, speaks = versions.folder_for(session, trial.version), wording.current(session, desk)
        waiting = [Waiting(ticket.id, ticket.version, asked_of(ticket, folder)) for ticket in found]
        trial_id = trial.id
    if library is not None:
        waiting = informed(waiting, desk, library)
    for place, news in model.draft([one.asked for one in waiting]):
        if isinstance(news, Underway):
            continue
        one = waiting[place]
        try:
            body = one.asked.mail.body
            draft = weighed(one.asked, news, speaks, body).draft if isinstance(news, Written) else None
        except UnusableOutput:
            draft = None
        with open_session() as session:
            trial, ticket = trials.get(session, trial_id), tickets.get(session, one.ticket_id)
            if trial.state == "running" and ticket.version == one.seen:
                seconds = news.seconds if isinstance(news, Written) else 0.0
                trials.keep(session, trial, ticket, trial.version, draft, seconds=seconds, silent=True)
    return True


def asked_of(ticket: Ticket, adapter: str) -> Question:
    mail = tickets.newest_question(ticket)
    return Question(mail_text(ticket, mail), adapter=adapter, said=mail.said if mail is not None else "")


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
