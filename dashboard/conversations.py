"""The middle column: mails and notes as they came, the words that the model used, and what happened."""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from markupsafe import Markup, escape
from sqlalchemy.orm import Session

from db import confirmations, tickets
from db.desk import Desk
from db.models import Ticket
from db.models.people import initials_of

MOST_TOLD = 12  # results of a series that the story shows


def marked(text: str, words: Mapping[str, str]) -> Markup:
    """The mail as text, with the words that the model used as links to their fields. Everything is escaped."""
    found: list[tuple[int, int, int, str]] = []
    for number, (key, used) in enumerate(words.items(), start=1):
        pattern = r"\s+".join(map(re.escape, used.split()))
        match = re.search(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE) if used.split() else None
        if match and not any(match.start() < end and start < match.end() for start, end, *_ in found):
            found.append((match.start(), match.end(), number, key))
    out, at = Markup(""), 0
    for start, end, number, key in sorted(found):
        label = key.replace("_", " ")
        out += escape(text[at:start]) + Markup(
            '<a class="used" id="w-{0}" href="#p-{0}" data-field="{0}">{1}<sup aria-hidden="true">{2}</sup><span class="sr"> (read as the {3})</span></a>'
        ).format(key, text[start:end], number, label)
        at = end
    return out + escape(text[at:])


def reflowed(text: str) -> str:
    """Lines that a mail program broke at some column are joined again; lists, signatures and short lines stay."""
    lines = text.split("\n")
    out = lines[:1]
    for before, line in pairwise(lines):
        broken = 55 <= len(before) <= 90 and line[:1].isalnum() and before.rstrip()[-1:] not in ".!?:"
        if broken or (62 <= len(before) <= 90 and line[:1].isalnum()):
            out[-1] = f"{out[-1].rstrip()} {line}"
        else:
            out.append(line)
    return "\n".join(out)


def conversation(ticket: Ticket) -> list[dict[str, Any]]:
    """Mails and notes in the order in which they came."""
    told = [{"note": note, "at": note.at} for note in ticket.notes]
    return sorted([*mails_of(ticket), *told], key=lambda one: one["at"])


def mails_of(ticket: Ticket) -> list[dict[str, Any]]:
    words = (ticket.made_by or {}).get("words", {})
    question = tickets.newest_question(ticket)
    shown = []
    for mail in ticket.mails:
        said = reflowed(mail.said or mail.text)
        quoted = mail.older
        is_question = question is not None and mail.id == question.id
        inside = {key: used for key, used in words.items() if is_question and used in said}
        shown.append(
            {
                "mail": mail,
                "at": mail.stored_at,
                "said": marked(said, words if is_question else {}),
                "quoted": marked(quoted, {k: v for k, v in words.items() if is_question and k not in inside}),
                "open": is_question or mail.outgoing or len(ticket.mails) == 1,
                "initials": initials_of(mail.from_name, mail.from_email),
            }
        )
    return shown


def code_out(session: Session, ticket: Ticket, desk: Desk) -> str:
    """What is known of a code that was sent for the ticket and has not come back."""
    out = confirmations.waiting(session, ticket)
    if not out:
        return ""
    until = out[-1].expires_at.astimezone(desk.timezone)
    tries = f", {out[-1].tries} wrong so far" if out[-1].tries else ""
    return f"one is out to {out[-1].email} until {until:%H:%M}{tries}"


def said_by(ticket: Ticket) -> str:
    made_by = ticket.made_by or {}
    return str(made_by.get("adapter") or made_by.get("base") or "")


def result_of(ticket: Ticket) -> str:
    """What the other side really answered, for the story of the ticket."""
    rows = [row for row in ticket.promises if row.kind == "action" and row.state == "done"]
    told = [
        ", ".join(f"{name} {value}" for name, value in (row.result or {}).get("values", {}).items()) for row in rows
    ]
    return "; ".join(told[-MOST_TOLD:])
