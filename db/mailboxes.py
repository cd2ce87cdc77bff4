"""Mailboxes that were added in the dashboard, and how each mailbox is doing, those of the settings too."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import parts
from db.models import Mailbox, MailboxState, now
from db.vault import Vault


class NoSuchMailbox(Exception):
    """There is no mailbox with that number."""


def everyone(session: Session) -> Sequence[Mailbox]:
    return session.scalars(select(Mailbox).order_by(Mailbox.id)).all()


def get(session: Session, mailbox_id: int) -> Mailbox:
    found = session.get(Mailbox, mailbox_id)
    if found is None:
        raise NoSuchMailbox(f"There is no mailbox {mailbox_id}.")
    return found


def add(session: Session, vault: Vault, *, secrets: dict[str, str], **stated: Any) -> Mailbox:
    """`secrets`: password and client_secret, as far as there are any; they are stored encrypted."""
    mailbox = Mailbox(**stated, secrets=vault.shut(secrets))
    session.add(mailbox)
    session.flush()
    return mailbox


def remove(session: Session, mailbox_id: int) -> None:
    session.delete(get(session, mailbox_id))


def states(session: Session) -> dict[str, MailboxState]:
    return {one.name: one for one in session.scalars(select(MailboxState))}


def state_of(session: Session, name: str) -> MailboxState:
    state = session.get(MailboxState, name)
    if state is None:
        state = MailboxState(name=name)
        session.add(state)
    return state


def report(session: Session, name: str, state: str, words: str, *, sign_in: bool = False) -> None:
    """How one mailbox is doing. `sign_in`: it refuses us, which only a person can mend. The lamp shows the worst."""
    one = state_of(session, name)
    if (one.state, one.words) != (state, words):
        one.since = now() if one.state != state else one.since
        one.state, one.words, one.sign_in = state, words, sign_in
        session.flush()
    failing = [other for other in states(session).values() if other.state == "failing"]
    if failing:
        parts.report(session, "mail", "failing", failing[0].words)
    else:
        parts.report(session, "mail", "ok", words)


def forget_state(session: Session, names: Sequence[str]) -> None:
    """Mailboxes that are no longer read say nothing any more."""
    for one in states(session).values():
        if one.name not in names:
            session.delete(one)


def locked_out(session: Session) -> Sequence[MailboxState]:
    """Mailboxes whose sign-in has stopped working."""
    return session.scalars(select(MailboxState).where(MailboxState.state == "failing", MailboxState.sign_in)).all()
