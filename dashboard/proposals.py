"""The right column: what is proposed, what may go wrong with it, and what the one button says."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actions.catalog import UnknownAction, action_named
from actions.kind import ActionKind
from dashboard.rows import icon_of, label_of
from db.desk import Desk
from db.models import Edit, Ticket
from db.plans import Plan

NOTHING: dict[str, Any] = {"category": "other", "username": "", "details": {}, "reply": ""}


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
    lesson: Mapping[str, Any]
    fields: Sequence[tuple[str, str]]
    holes: Sequence[str]
    sources: Sequence[Mapping[str, str]]
    model_reply: str
    to: str
    cc: str
    bcc: str
    is_fixed_to: bool
    files: Sequence[Mapping[str, Any]]


def proposal_of(ticket: Ticket, desk: Desk, undo_seconds: float, edit: Edit | None = None) -> Proposal:
    """`edit`: what the person who looks has typed and not decided; it goes before what is stored."""
    stored = (edit.answer if edit else None) or ticket.answer or ticket.draft or NOTHING
    planned = edit.plan if edit and edit.plan else ticket.plan
    plan = Plan.from_json(planned) if planned else None
    made_by, typed = ticket.made_by or {}, (edit.recipients or {}) if edit else {}
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
        button=button(
            kind.sentence if kind and plan and plan.action else "", plan, ticket, stored, typed.get("to", "")
        ),
        blocked=blocked,
        after=after(bool(plan and plan.action), holes, undo_seconds),
        sure=sure,
        edited=stored not in (ticket.draft, NOTHING),
        lesson=ticket.lesson or {},
        fields=[(field, stored["details"].get(field, "")) for field in category.fields],
        holes=holes,
        sources=made_by.get("sources", []),
        model_reply=(ticket.draft or stored)["reply"],
        to=typed.get("to") or (plan.to if plan else ticket.from_email),
        cc=typed.get("cc", ""),
        bcc=typed.get("bcc", ""),
        is_fixed_to=bool(kind and kind.on_account and plan and plan.action),
        files=edit.files if edit else [],
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


def button(sentence: str, plan: Plan | None, ticket: Ticket, stored: Mapping[str, Any], to: str = "") -> str:
    """What pressing it will do, for whom, and to which address."""
    to = to or (plan.to if plan else ticket.from_email)
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
