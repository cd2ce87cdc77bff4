"""What the templates show, worked out in Python: rows, marked words, the button's sentence."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from fastapi import Request
from markupsafe import Markup, escape
from sqlalchemy.orm import Session

from actions.catalog import UnknownAction, action_named
from actions.kind import ActionKind
from dashboard.deps import House
from db import confirmations, decisions, mailboxes, mails, parts, tickets
from db.desk import Desk
from db.lifecycle import Status
from db.models import Mail, Ticket, now
from db.plans import Plan

MOST_TOLD = 12  # results of a series that the story shows
ICONS = {"account": "key", "password": "key", "booking": "court", "inquiry": "question", "other": "other"}


def frame(request: Request, house: House) -> dict[str, Any]:
    """What the layout needs on every page."""
    with house.open_session.reading() as session:
        return {
            "desk": house.desk,
            "demo": house.demo,
            "caller": getattr(request.state, "caller", None),
            "counts": {**tickets.counts(session), "unreadable": mails.unreadable_count(session)},
            "locked_out": mailboxes.locked_out(session),
            "health": [health(part.name, part.state, part.words) for part in parts.all_parts(session)],
        }


def health(name: str, state: str, words: str) -> dict[str, str]:
    labels = {"mail": "Mail", "model": "Model", "club": "Club", "reply": "Replies"}
    said = {"ok": "Working", "failing": "Failing", "resting": "Resting"}
    return {"name": labels[name], "state": state, "said": said[state], "words": words}


@dataclass(frozen=True)
class Row:
    """One line of the queue."""

    ticket: Ticket
    dot: str
    said: str
    label: str
    icon: str
    age: str
    lead: str
    snippet: str
    sure: str
    is_low: bool
    undo: int


def row_of(ticket: Ticket, desk: Desk, snippet: str = "") -> Row:
    dot, said = state_of(ticket)
    label, icon = (label_of(desk, ticket.category), icon_of(ticket.category)) if ticket.category else ("", "")
    if ticket.status == Status.RECEIVED and not label:
        label, icon = "spam" if ticket.spam else "drafting", ""
    sure = f"{ticket.confidence:.0%}" if ticket.confidence is not None and ticket.status != Status.RECEIVED else ""
    lead = {Status.STUCK: "Stuck.", Status.APPROVED: "Approved.", Status.ACTED: "Done, replying."}.get(
        Status(ticket.status), ""
    )
    return Row(
        ticket,
        dot,
        said,
        label,
        icon,
        age(ticket.received_at),
        lead,
        snippet,
        sure,
        ticket.confidence is not None and ticket.confidence < 0.85,
        undo_of(ticket),
    )


def state_of(ticket: Ticket) -> tuple[str, str]:
    status = Status(ticket.status)
    if status is Status.RECEIVED:
        return ("done", "Taken for spam") if ticket.spam else ("draft", "Being drafted")
    if status is Status.STUCK:
        return "stuck", "Stuck"
    if status in (Status.REPLIED, Status.DISMISSED, Status.APPROVED, Status.ACTED):
        return "done", "Done"
    if ticket.needs_human:
        return "human", "Needs a human"
    return ("check", "Unsure") if (ticket.confidence or 0) < 0.85 else ("ready", "Ready")


def label_of(desk: Desk, category: str) -> str:
    return next((c.label for c in desk.categories if c.name == category), category)


def icon_of(category: str) -> str:
    return next((icon for word, icon in ICONS.items() if word in category), "other")


def age(moment: datetime) -> str:
    seconds = (now() - moment).total_seconds()
    if seconds < 60:
        return "now"
    if seconds < 3600:
        return f"{int(seconds // 60)} min"
    if seconds < 86400:
        return f"{int(seconds // 3600)} h"
    return f"{int(seconds // 86400)} days"


@dataclass(frozen=True)
class Proposal:
    """The right column: what is proposed, and what the one button says."""

    draft: dict[str, Any]
    plan: Plan | None
    kinds: Sequence[tuple[str, str, str]]
    action_label: str
    danger: str
    icon: str
    button: str
    blocked: str
    after: str
    sure: str
    edited: bool
    fields: Sequence[tuple[str, str]]
    holes: Sequence[str]
    sources: Sequence[Mapping[str, str]]
    model_reply: str


def proposal_of(ticket: Ticket, desk: Desk, undo_seconds: float) -> Proposal:
    stored = ticket.answer or ticket.draft or {"category": "other", "username": "", "details": {}, "reply": ""}
    plan = Plan.from_json(ticket.plan) if ticket.plan else None
    made_by = ticket.made_by or {}
    category = desk.category(stored["category"])
    kind = kind_of(plan.action if plan else category.action, desk)
    ranked = {name: p for name, p in made_by.get("categories", [])}
    names = sorted(desk.category_names, key=lambda name: -ranked.get(name, 0))
    kinds = [(name, label_of(desk, name), f"{ranked[name]:.0%}" if name in ranked else "") for name in names]
    if plan and plan.doubt and kind:
        blocked = f"Cannot {kind.label.lower()}: {plan.doubt}"
    else:
        blocked = plan.blocked if plan else ("" if not category.action else "Still being checked against the club")
    holes = sorted(set(re.findall(r"\{[a-z_.]+\}", stored["reply"])))
    sure = word_of(ticket.confidence) if ticket.confidence is not None or not ticket.draft else "no confidence stated"
    return Proposal(
        draft=stored,
        plan=plan,
        kinds=kinds,
        action_label=kind.label if kind else "Reply only",
        danger=danger_of(kind, desk) if kind else "",
        icon=icon_of(category.name),
        button=button(kind.sentence if kind and plan and plan.action else "", plan, ticket, stored),
        blocked=blocked,
        after=after(bool(plan and plan.action), holes, undo_seconds),
        sure=sure,
        edited=bool(ticket.answer and ticket.answer != ticket.draft),
        fields=[(field, stored["details"].get(field, "")) for field in category.fields],
        holes=holes,
        sources=made_by.get("sources", []),
        model_reply=(ticket.draft or stored)["reply"],
    )


def danger_of(kind: ActionKind, desk: Desk) -> str:
    """How much a wrong one costs, and what takes it back, in words."""
    back = kind_of(kind.undone_by, desk)
    if back and kind.undone_by == kind.name:
        undoing = "done again the other way, it is as before"
    elif back:
        undoing = f"taken back by “{back.label}”"
    else:
        undoing = "gives nothing to whoever asked" if kind.is_harmless else "cannot be taken back"
    return f"{kind.danger.capitalize()}: {undoing}"


def kind_of(action: str, desk: Desk) -> ActionKind | None:
    try:
        return action_named(action, desk) if action else None
    except UnknownAction:
        return None


def button(sentence: str, plan: Plan | None, ticket: Ticket, stored: Mapping[str, Any]) -> str:
    """What pressing it will do, for whom, and to which address."""
    to = plan.to if plan else ticket.from_email
    if not sentence:
        return f"Reply to {to}"
    username = (plan.username if plan else "") or stored["username"]
    return f"{sentence.format(**{**(plan.params if plan else {}), 'username': username})} and reply to {to}"


def after(acts: bool, holes: Sequence[str], undo_seconds: float) -> str:
    undo = f"{undo_seconds:g} s to undo."
    if acts and holes:
        return f"The action first, then the reply with the real {holes[0].strip('{}').replace('_', ' ').replace('.', ' ')}. {undo}"
    return f"The action first, then the reply. {undo}" if acts else f"Only the reply is sent, without an action. {undo}"


def word_of(confidence: float | None) -> str:
    if confidence is None:
        return "no draft"
    for least, word in ((0.95, "almost certain"), (0.85, "likely"), (0.75, "unsure")):
        if confidence >= least:
            return word
    return "a person decides"


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
                "said": marked(said, words if is_question else {}),
                "quoted": marked(quoted, {k: v for k, v in words.items() if is_question and k not in inside}),
                "open": is_question or mail.outgoing or len(ticket.mails) == 1,
                "initials": initials(mail),
            }
        )
    return shown


def initials(mail: Mail) -> str:
    words = [word for word in re.split(r"[\s@.]+", mail.from_name or mail.from_email or "TC") if word]
    return "".join(word[0] for word in words[:2]).upper()


def code_out(session: Session, ticket: Ticket, desk: Desk) -> str:
    """What is known of a code that was sent for the ticket and has not come back."""
    out = confirmations.waiting(session, ticket)
    if not out:
        return ""
    until = out[-1].expires_at.astimezone(desk.timezone)
    tries = f", {out[-1].tries} wrong so far" if out[-1].tries else ""
    return f"one is out to {out[-1].email} until {until:%H:%M}{tries}"


def undo_of(ticket: Ticket) -> int:
    return round(decisions.undo_until(ticket))


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
