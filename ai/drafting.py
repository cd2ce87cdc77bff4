"""Tickets get their drafts: received → in review."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC
from typing import Any, Protocol

from ai.confidence import TALKS_TO_US, Evidence, features_for_autopilot, judged, read_calibration
from ai.language import heard
from ai.library import Library
from ai.parsing import UnusableOutput, parse_draft, read_words
from ai.prompt import MailText
from ai.written import Decided, News, Question, Undrafted, Written
from db import parts, tickets, trials, versions
from db.desk import Desk
from db.drafts import Draft
from db.lifecycle import Status
from db.loop import TryLater
from db.models import Mail, Ticket
from db.session import OpenSession

log = logging.getLogger(__name__)
TOGETHER = 8  # tickets taken up at one time
NO_PAGE = "no page answers this"
NOTHING = Draft("", "")  # of a version on trial that wrote nothing usable: nobody signs that


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
        waiting = [replace(one, asked=with_passages(one.asked, desk, library)) for one in waiting]
    left = dict(enumerate(waiting))
    try:
        for place, news in model.draft([one.asked for one in waiting]):
            store(open_session, desk, waiting[place], news)
            if not isinstance(news, Decided):
                del left[place]
    except ModelDown as problem:
        with open_session() as session:
            parts.report(session, "model", "failing", str(problem))
        for one in left.values():
            store(open_session, desk, one, Undrafted(str(problem)))
    return True


def store(open_session: OpenSession, desk: Desk, one: Waiting, news: News) -> None:
    """Write down what became of one ticket, unless it changed meanwhile; then it is drafted again."""
    try:
        with open_session() as session:
            ticket = still(session, one.ticket_id, one.seen)
            if isinstance(news, Decided):
                tickets.announce(session, ticket, news.chosen, top_three(news.categories))
                return
            try:
                if isinstance(news, Undrafted):
                    raise UnusableOutput(news.problem)
                draft = parse_draft(news.text, desk, one.asked.mail)
            except UnusableOutput as problem:
                tickets.draft_failed(session, ticket, str(problem))
                return
            propose(session, ticket, desk, one.asked, news, draft)
        log.info("ticket %s drafted in %.2f s", one.ticket_id, news.seconds)
    except tickets.StaleTicket as problem:
        log.info("%s", problem)


def propose(session: Any, ticket: Ticket, desk: Desk, asked: Question, written: Written, draft: Draft) -> None:
    evidence = Evidence.of(written, draft, asked.mail.words)
    found = judged(evidence, desk, read_calibration(asked.adapter))
    question = tickets.newest_question(ticket)
    has_orders = question is not None and question.orders != ""  # in a subject or hidden text too, unlike the signs
    spoken = heard((question.said or question.text) if question else asked.mail.body, desk)
    is_unknown = asked.passages == () and desk.category(draft.category).knowledge
    if is_unknown:  # nothing is invented: the reply says that a colleague will answer
        draft = draft.with_reply(handed_over(draft.reply, desk, spoken.code))
    reasons = [*([spoken.reason] if spoken.is_foreign else []), *([NO_PAGE] if is_unknown else []), *found.reasons]
    reasons += [TALKS_TO_US] if has_orders and TALKS_TO_US not in found.reasons else []
    instead_of = written.made_by.get("instead_of")
    state, words = ("failing", f"{instead_of} The local model drafts instead.") if instead_of else ("ok", "")
    parts.report(session, "model", state, words or name_of(written.made_by))
    trials.note(session, ticket, draft, seconds=written.seconds)
    tickets.propose(
        session,
        ticket,
        draft,
        confidence=found.confidence,
        needs_human=found.needs_human or has_orders or spoken.is_foreign or is_unknown,
        reasons=reasons,
        language=spoken.code,
        wanted_model="",
        made_by={**made_by(written, desk, draft), "features": features_for_autopilot(evidence, desk)},
    )


def handed_over(reply: str, desk: Desk, language: str) -> str:
    """The greeting that the model wrote, and the desk's own words for a question that no page answers."""
    words = desk.nothing_fits.get(language) or next(iter(desk.nothing_fits.values()), "")
    greeting, _, rest = reply.strip().partition("\n")
    if not words or not (greeting.endswith(",") and rest):
        return words or reply
    return f"{greeting}\n\n{words}"


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
        "sources": [asdict(passage) for passage in written.passages],
        "words": words_used(written.text, desk, draft),
    }


def with_passages(asked: Question, desk: Desk, library: Library) -> Question:
    """Found in the language of the mail, where the desk answers it."""
    code = heard(asked.mail.body, desk).code
    found = library.find(asked.mail.words, language=code if code in desk.languages else "")
    return replace(asked, passages=tuple(one.passage for one in found))


def shadow_next(open_session: OpenSession, desk: Desk, model: Model) -> bool:
    """Draft silently, with the version on trial, what staff have before them. Return False when there is none."""
    with open_session.reading() as session:
        trial, found = trials.waiting_for_shadow(session, TOGETHER)
        if trial is None or not found:
            return False
        folder = versions.folder_for(session, trial.version)
        waiting = [Waiting(ticket.id, ticket.version, asked_of(ticket, folder)) for ticket in found]
        trial_id = trial.id
    for place, news in model.draft([one.asked for one in waiting]):
        if isinstance(news, Decided):
            continue
        one = waiting[place]
        try:
            draft = parse_draft(news.text, desk, one.asked.mail) if isinstance(news, Written) else NOTHING
        except UnusableOutput:
            draft = NOTHING
        with open_session() as session:
            trial, ticket = trials.get(session, trial_id), tickets.get(session, one.ticket_id)
            if trial.state == "running" and ticket.version == one.seen:
                seconds = news.seconds if isinstance(news, Written) else 0.0
                trials.keep(session, trial, ticket, trial.version, draft, seconds=seconds, silent=True)
    return True


def asked_of(ticket: Ticket, adapter: str) -> Question:
    return Question(mail_text(ticket, tickets.newest_question(ticket)), adapter=adapter)


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
