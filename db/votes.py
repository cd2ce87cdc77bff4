"""What customers thought of an answer: a link in the reply, a page with two buttons. To open the page is no vote."""

import hashlib
import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import desk_settings, trail
from db.models import Ticket, Vote, now

NAME = "votes"
LONGEST = 2000


class NoSuchVote(Exception):
    """There is nothing to vote on at this address."""


def address(session: Session) -> str:
    """Where this desk is reached from outside; "" while customers are not asked."""
    return str(desk_settings.stored(session, NAME).get("address", ""))


def save(session: Session, stated: str) -> None:
    desk_settings.store(session, NAME, {"address": stated.strip().rstrip("/")})


def ask(session: Session, ticket: Ticket) -> str:
    """The link for one reply; "" while customers are not asked. An earlier link of the ticket no longer counts."""
    where = address(session)
    if not where:
        return ""
    token = secrets.token_urlsafe(18)
    session.merge(Vote(ticket_id=ticket.id, token_hash=digest(token), is_good=None, words="", at=None))
    return f"{where}/vote/{token}"


def of(session: Session, token: str) -> Vote:
    """Raise NoSuchVote."""
    vote = session.scalar(select(Vote).where(Vote.token_hash == digest(token)))
    if vote is None:
        raise NoSuchVote("There is nothing to vote on at this address any more.")
    return vote


def cast(session: Session, token: str, *, is_good: bool, words: str) -> None:
    """Raise NoSuchVote. Who votes again has changed their mind."""
    vote = of(session, token)
    vote.is_good, vote.words, vote.at = is_good, words.strip()[:LONGEST], now()
    trail.write(
        session, session.get_one(Ticket, vote.ticket_id), "voted", actor="customer", note="good" if is_good else "bad"
    )


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
