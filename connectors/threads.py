"""A mail finds its ticket: by the ids of the thread, if its sender is a party to it; machine mail stays out of the queue."""

import re
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from connectors.delivery import explained
from connectors.mail_parsing import Bounce
from connectors.mail_parsing import Mail as ParsedMail
from db import attributes, confirmations, decisions, mails, outbox, rules, targets, tickets, trail
from db.lifecycle import PROGRAM, Status
from db.models import Mail, Ticket

CODE_ALONE = 300  # characters beside a code that are no request of their own
GROUPED_FOR = timedelta(days=14)
PREFIXES = re.compile(r"^(?:\s*(?:re|aw|fwd?|wg|antw|sv|vs|tr|rv) ?(?:\[\d+\])?:)+", re.IGNORECASE)


def named_by(parsed: ParsedMail) -> list[str]:
    """The Message-IDs that it answers; of a delivery report that of the mail that came back."""
    return [parsed.in_reply_to, *parsed.references, *([parsed.bounce.message_id] if parsed.bounce else [])]


def assign(
    session: Session, mail: Mail, parsed: ParsedMail, known: mails.Known, *, spam: str = "", group_senders: str = ""
) -> None:
    """Join the ticket that the mail belongs to, or open a new one. It need not be flushed before.

    `known`: the mails that this one may name. `spam`: why the mail server takes it for spam. `group_senders`: whose mails
    are joined by subject where nothing else says which ticket they answer.
    """
    ticket = known.ticket(named_by(parsed)) or by_token(session, parsed)
    subject = bare(parsed.subject)
    if ticket is None and subject and is_grouped(parsed.from_email, group_senders):
        session.flush()
        ticket = tickets.of_sender(session, parsed.from_email, subject, since=parsed.date - GROUPED_FOR)
    if ticket is not None and (not parsed.wants_an_answer or parsed.from_email in parties(ticket)):
        join(session, mail, parsed, ticket)
        return
    opened = open_ticket(session, mail, parsed, spam)
    if ticket is not None:
        if ticket.id is None:
            session.flush()
        words = f"answers ticket {ticket.id}, to which {parsed.from_email or 'its sender'} is no party"
        trail.write(session, opened, "refers", actor=PROGRAM, note=words)
        mail.notices = [*mail.notices, f"It {words}: it was kept apart from it."]


def by_token(session: Session, parsed: ParsedMail) -> Ticket | None:
    before = mails.with_token(session, tokens_in([*parsed.to, *parsed.cc]))
    return before.ticket if before else None


def is_grouped(sender: str, stated: str) -> bool:
    """Whether the setting names the address or its domain."""
    named = {one.strip().lower() for one in stated.split(",") if one.strip()}
    return bool(sender) and bool({sender, f"@{sender.rpartition('@')[2]}"} & named)


def bare(subject: str) -> str:
    return PREFIXES.sub("", subject).strip().casefold()


def tokens_in(addresses: Sequence[str]) -> list[str]:
    """What stands behind a plus in the addresses: nobody can guess those that we gave out."""
    return [found[1] for address in addresses if (found := re.search(r"\+([0-9a-f]{16})@", address))]


def parties(ticket: Ticket) -> set[str]:
    """Who may write into a ticket: who did so far, and whoever they, or we, wrote to."""
    found = {ticket.from_email}
    for mail in ticket.mails:
        if mail.kind in ("person", "own"):
            found |= {mail.from_email, mail.reply_to, *mail.to, *mail.cc}
    return found - {""}


def join(session: Session, mail: Mail, parsed: ParsedMail, ticket: Ticket) -> None:
    mail.ticket = ticket
    trail.write(session, ticket, "mail", actor=parsed.from_email or PROGRAM, note=parsed.kind)
    if parsed.wants_an_answer and ticket.id is not None and brings_a_code(session, mail, parsed, ticket):
        return
    if parsed.bounce is not None:
        come_back(session, ticket, parsed.bounce)
    elif parsed.wants_an_answer:
        attributes.wake(ticket)
        ticket.identity = mail.identity
        ticket.snippet = tickets.snippet_of(parsed.said or parsed.text)
        ticket.trust = None  # it was given for what had been written before, by whom it had been written
        take_up_again(session, ticket)


def brings_a_code(session: Session, mail: Mail, parsed: ParsedMail, ticket: Ticket) -> bool:
    """Whether a right code came, and nothing else that wants an answer."""
    is_short = len(confirmations.IN_WORDS.sub("", parsed.said)) < CODE_ALONE
    mail.kind = tickets.CONFIRMATION if is_short else parsed.kind  # no question of its own, so not the one to answer
    outcome = confirmations.answered(session, ticket, parsed.said)
    if outcome == "none":
        mail.kind = parsed.kind
        return False
    if outcome != "right":
        mail.notices = [*mail.notices, confirmations.SAID[outcome]]
        trail.write(session, ticket, "code", actor=parsed.from_email or PROGRAM, note=outcome)
    return is_short


def come_back(session: Session, ticket: Ticket, bounce: Bounce) -> None:
    """Our reply did not arrive: a person must know. A report that the server goes on trying changes nothing."""
    if not bounce.final or ticket.status != Status.REPLIED:
        return
    who = bounce.recipient or "the customer"
    meaning = explained(bounce.status, bounce.reason)
    stated = bounce.reason if bounce.status in bounce.reason else f"{bounce.status} {bounce.reason}".strip()
    words = f"{meaning} ({stated})" if meaning and stated else meaning or stated
    said = f": {words}" if words else ""
    decisions.stick(session, ticket, f"The reply to {who} came back{said}. Nobody has read it.", by=PROGRAM)


def open_ticket(session: Session, mail: Mail, parsed: ParsedMail, spam: str) -> Ticket:
    if not spam and rules.is_blocked(session, parsed.from_email):
        spam = "the sender is blocked here"
    ticket = Ticket(
        status=Status.RECEIVED,  # both are asked for before the ticket is written
        version=1,
        subject=parsed.subject,
        from_name=parsed.from_name,
        from_email=parsed.from_email,
        received_at=parsed.date,
        spam=spam,
        snippet=tickets.snippet_of(parsed.said or parsed.text),
        identity=mail.identity,
    )
    mail.ticket = ticket
    trail.write(
        session, ticket, "mail", actor=parsed.from_email or PROGRAM, new=Status.RECEIVED.value, note=parsed.kind
    )
    rules.apply(session, ticket, mail)
    targets.set_due(session, ticket)
    if not parsed.wants_an_answer:
        words = f"written by a machine ({parsed.kind.replace('_', ' ')})"
        tickets.move(session, ticket, Status.DISMISSED, actor=PROGRAM, seen=ticket.version, note=words)
    return ticket


def take_up_again(session: Session, ticket: Ticket) -> None:
    """The customer wrote again: what was proposed is no longer the answer. What has begun is finished first."""
    status = Status(ticket.status)
    if status is Status.APPROVED and not outbox.withdraw(session, ticket):
        return
    if status in (Status.ACTED, Status.STUCK, Status.RECEIVED):
        return
    ticket.failures, ticket.draft_after = 0, None
    tickets.move(session, ticket, Status.RECEIVED, actor=PROGRAM, seen=ticket.version, note="the customer wrote again")
