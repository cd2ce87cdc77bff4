"""For whom a ticket is: rules over mailbox, sender, category and words put a team, a person, a tag, a priority on it."""

import contextlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import attributes, desk_settings, people
from db.lifecycle import PROGRAM
from db.models import Mail, Rule, Ticket
from db.people import UnusablePerson

CONDITIONS = ("mailbox", "sender", "category", "words")
EFFECTS = ("team", "assignee", "tag", "priority")
BLOCKED = "blocked"
TRIED_ON = 300


class UnusableRule(Exception):
    """A rule without a condition or an effect, or with one that cannot be; the message says which."""


def save(session: Session, rule_id: int | None, name: str, stated: Mapping[str, str], *, serves: bool) -> Rule:
    """Raise UnusableRule, UnusablePerson."""
    conditions = {key: stated[key].strip() for key in CONDITIONS if stated.get(key, "").strip()}
    effects = {key: stated[key].strip() for key in EFFECTS if stated.get(key, "").strip()}
    if not name.strip() or not conditions or not effects:
        raise UnusableRule("Give the rule a name, at least one condition and at least one effect.")
    if "assignee" in effects:
        people.named(session, effects["assignee"])
    if effects.get("priority", "0") not in map(str, attributes.PRIORITIES):
        raise UnusableRule(f"A priority is one of {', '.join(attributes.PRIORITIES.values())}.")
    rule = session.get(Rule, rule_id) if rule_id else Rule()
    if rule is None:
        raise UnusableRule("This rule was removed meanwhile.")
    rule.name, rule.conditions, rule.effects, rule.serves = " ".join(name.split())[:80], conditions, effects, serves
    session.add(rule)
    session.flush()
    return rule


def all_of(session: Session) -> Sequence[Rule]:
    return session.scalars(select(Rule).order_by(Rule.id)).all()


def remove(session: Session, rule_id: int) -> None:
    rule = session.get(Rule, rule_id)
    if rule is not None:
        session.delete(rule)


def fits(rule: Rule, ticket: Ticket, mail: Mail | None) -> bool:
    """Whether all its conditions hold. `sender` is an address or a domain; of `words`, one must stand in the mail."""
    wanted: dict[str, Any] = rule.conditions
    said = f"{ticket.subject} {mail.said or mail.text if mail else ''}".lower()
    words = [word.strip().lower() for word in wanted.get("words", "").split(",") if word.strip()]
    return (
        (not wanted.get("mailbox") or wanted["mailbox"].lower() in (mail.mailbox.lower() if mail else ""))
        and (not wanted.get("sender") or is_sender(ticket.from_email, wanted["sender"]))
        and (not wanted.get("category") or ticket.category == wanted["category"])
        and (not words or any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", said) for word in words))
    )


def is_sender(email: str, wanted: str) -> bool:
    """An address, or a domain and all below it."""
    email, wanted = email.lower(), wanted.lower().strip()
    if "@" in wanted.lstrip("@"):
        return email == wanted
    domain = email.rpartition("@")[2]
    return domain == wanted.lstrip("@") or domain.endswith(f".{wanted.lstrip('@')}")


def apply(session: Session, ticket: Ticket, mail: Mail | None) -> None:
    """Put the effects of every rule that serves and fits on the ticket. What a person set since stays."""
    for rule in serving(session):
        if fits(rule, ticket, mail):
            carry_out(session, rule, ticket)


def serving(session: Session) -> Sequence[Rule]:
    """Asked once in a transaction: mails are taken in many at a time."""
    known = session.info.get("rules")
    if known is None:
        known = session.info["rules"] = session.scalars(select(Rule).where(Rule.serves).order_by(Rule.id)).all()
    return known


def carry_out(session: Session, rule: Rule, ticket: Ticket) -> None:
    by, effects = f"{PROGRAM}, rule {rule.name}", rule.effects
    if effects.get("team") and not ticket.team:
        ticket.team = effects["team"][:40]
    if effects.get("assignee") and ticket.assignee_id is None:
        with contextlib.suppress(UnusablePerson):  # somebody who has left: the ticket stays with nobody
            attributes.assign(session, ticket, people.named(session, effects["assignee"]), by=by)
    if effects.get("tag"):
        attributes.tag(session, ticket, [*(one.name for one in ticket.tags), *effects["tag"].split(",")], by=by)
    if effects.get("priority") and ticket.priority == 0:
        attributes.prioritise(session, ticket, int(effects["priority"]), by=by)


def tried(session: Session, rule: Rule) -> tuple[list[Ticket], int]:
    """Which of the newest tickets it would have fitted, and how many were looked at."""
    newest = session.scalars(select(Ticket).order_by(Ticket.id.desc()).limit(TRIED_ON)).all()
    first = {mail.ticket_id: mail for mail in session.scalars(
        select(Mail).where(Mail.ticket_id.in_([one.id for one in newest]), ~Mail.outgoing).order_by(Mail.id.desc())
    )}  # fmt: skip
    return [one for one in newest if fits(rule, one, first.get(one.id))], len(newest)


def blocked(session: Session) -> list[str]:
    return list(desk_settings.stored(session, BLOCKED).get("senders", ()))


def block(session: Session, sender: str) -> None:
    """An address or a domain whose mail is not drafted any more; it stands under Spam. Raise UnusableRule."""
    wanted = sender.strip().lower()
    if not re.fullmatch(r"@?[\w.+-]+(@[\w.-]+)?", wanted) or "." not in wanted:
        raise UnusableRule("Write an address or a domain, such as spam@x.example or x.example.")
    desk_settings.store(session, BLOCKED, {"senders": sorted({*blocked(session), wanted})})


def unblock(session: Session, sender: str) -> None:
    desk_settings.store(session, BLOCKED, {"senders": [one for one in blocked(session) if one != sender]})


def is_blocked(session: Session, email: str) -> bool:
    known = session.info.get("blocked")
    if known is None:
        known = session.info["blocked"] = blocked(session)
    return any(is_sender(email, one) for one in known)
