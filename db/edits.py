"""Edits: what a person has typed into a proposal and not decided yet. Nothing typed is ever lost."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from db.drafts import Draft
from db.letters import File, Recipients, carried
from db.models import Edit, Ticket, now
from db.plans import Plan


def of(session: Session, ticket: Ticket, person_id: int | None) -> Edit | None:
    return session.get(Edit, (ticket.id, person_id)) if person_id is not None else None


def keep(
    session: Session,
    ticket: Ticket,
    person_id: int,
    answer: Draft,
    plan: Plan | None,
    *,
    seen: int,
    recipients: Mapping[str, str] | None = None,
) -> Edit:
    """Keep what stands in the form. `plan`: what approving it would do; None where that was not asked again."""
    edit = session.get(Edit, (ticket.id, person_id)) or Edit(ticket_id=ticket.id, person_id=person_id, version=seen)
    edit.answer, edit.at = dict(answer.as_json()), now()
    edit.version = seen
    edit.plan = plan.as_json() if plan else edit.plan
    edit.recipients = dict(recipients or {})
    session.add(edit)
    return edit


def add_file(edit: Edit, file: File) -> None:
    """A file goes along with the reply. Raise UnusableLetter where all together are too large."""
    files = [File(**one) for one in edit.files or []] + [file]
    carried(Recipients(), files)
    edit.files = [asdict(one) for one in files]


def drop_file(session: Session, ticket: Ticket, person_id: int, number: int) -> None:
    edit = of(session, ticket, person_id)
    if edit is not None:
        edit.files = [one for at, one in enumerate(edit.files) if at != number]


def drop(session: Session, ticket: Ticket, person_id: int | None) -> None:
    """It was decided, or given up."""
    session.execute(delete(Edit).where(Edit.ticket_id == ticket.id, Edit.person_id == person_id))


def same_request(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether both ask for the same, whatever they reply: then the same plan holds."""
    return all(one[key] == other[key] for key in ("category", "username", "details"))
