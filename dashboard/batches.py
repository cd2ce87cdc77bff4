"""Several tickets at once: what they have in common, in what they differ, and which may be signed together."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.proposals import kind_of
from dashboard.rows import label_of
from db.desk import Desk
from db.lifecycle import Status
from db.models import Ticket
from db.plans import Plan


@dataclass(frozen=True)
class Line:
    """One of the selected tickets. `left_out` says why it is not signed together with the others; "" where it is."""

    ticket: Ticket
    values: dict[str, str]
    left_out: str


@dataclass(frozen=True)
class Batch:
    """`label` is their common category, "" where they have none; `names` are the values in which they differ."""

    lines: Sequence[Line]
    label: str
    names: Sequence[str]

    @property
    def fit(self) -> list[Line]:
        return [line for line in self.lines if not line.left_out]

    @property
    def button(self) -> str:
        count = len(self.fit)
        some = "1 ticket" if count == 1 else f"{count} tickets"
        return f"{self.label}: sign {some} and send {count} repl{'y' if count == 1 else 'ies'}"


def batch_of(found: Sequence[Ticket], desk: Desk) -> Batch:
    categories = {ticket.category for ticket in found}
    lines = [Line(ticket, values_of(ticket), left_out(ticket, desk, len(categories))) for ticket in found]
    names = dict.fromkeys(name for line in lines for name in line.values)
    differing = [name for name in names if len({line.values.get(name) for line in lines}) > 1 or len(lines) == 1]
    return Batch(lines, label_of(desk, categories.pop()) if len(categories) == 1 else "", differing)


def values_of(ticket: Ticket) -> dict[str, str]:
    plan = Plan.from_json(ticket.plan) if ticket.plan else None
    if plan is None:
        return {}
    told = {name: str(value) for name, value in plan.params.items() if value not in ("", None)}
    return {**told, **({"court": plan.court} if plan.court else {})}


def left_out(ticket: Ticket, desk: Desk, categories: int) -> str:
    """Why a signature for several may not cover this one."""
    plan = Plan.from_json(ticket.plan) if ticket.plan else None
    kind = kind_of(plan.action if plan else "", desk)
    reasons = [
        (categories != 1, "not all of one category"),
        (ticket.status != Status.IN_REVIEW, f"it is {ticket.status.replace('_', ' ')}"),
        (plan is None, "still being checked"),
        (bool(plan and plan.blocked), plan.blocked if plan else ""),
        (ticket.needs_human, "it needs a human"),
        (bool(kind and kind.on_account), "actions on accounts are signed one by one"),
        (bool(plan and any(check.ok is not True for check in plan.checks)), "one of its checks did not pass"),
        (not (ticket.answer or ticket.draft or {}).get("reply"), "it has no reply"),
    ]
    return next((words for is_so, words in reasons if is_so), "")
