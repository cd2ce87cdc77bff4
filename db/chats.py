"""The chat for visitors: what it shows, what is kept of it, and how a conversation becomes a ticket.

What it may answer at all stands in `db.chat_terms`.
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db import lessons, tickets
from db.drafts import Draft
from db.lifecycle import Status
from db.models import Chat, ChatMessage, Lesson, Ticket, now
from db.session import OpenSession

NOBODY = "visitor@chat.invalid"  # RFC 6761: no mail goes there
MOST_MESSAGES, LONGEST = 40, 2000
KEPT = timedelta(days=90)
ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
)  # as HTML's input type email has it


class NoChat(Exception):
    """The chat is switched off, or this conversation is gone; the message says which."""


class UnusableMessage(Exception):
    """What was typed cannot be answered; the message says why."""


@dataclass(frozen=True)
class Shown:
    """The passages, before anything is said: page, heading and text of each."""

    sources: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Piece:
    """A sentence that the passages carry."""

    text: str


@dataclass(frozen=True)
class Settled:
    """The answer is whole."""

    confidence: float


@dataclass(frozen=True)
class HandOver:
    """A person takes over, for this reason."""

    reason: str
    confidence: float | None = None


Sign = Shown | Piece | Settled | HandOver


def begin(session: Session) -> tuple[Chat, str]:
    """A conversation, and the token that its visitor alone knows."""
    token = secrets.token_urlsafe(24)
    chat = Chat(token_hash=digest(token))
    session.add(chat)
    session.flush()
    return chat, token


def of(session: Session, token: str, *, to_change: bool = False) -> Chat:
    """`to_change`: others wait meanwhile. Raise NoChat."""
    wanted = select(Chat).where(Chat.token_hash == digest(token))
    found = session.scalar(wanted.with_for_update() if to_change else wanted)
    if found is None:
        raise NoChat("This conversation is gone. Begin a new one.")
    return found


def numbered(session: Session, chat_id: int) -> Chat:
    """For staff; others wait meanwhile. Raise NoChat."""
    found = session.get(Chat, chat_id, with_for_update=True)
    if found is None:
        raise NoChat("This conversation is gone: they are kept for three months.")
    return found


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def ask(session: Session, chat: Chat, words: str) -> list[str]:
    """Keep a visitor's message; returns what they wrote before it. Raise UnusableMessage."""
    words = words.replace("\0", "").strip()
    if chat.ticket_id is not None:
        raise UnusableMessage("A person has your question now, and answers by mail. Write to that mail, or begin anew.")
    if not words or len(words) > LONGEST:
        raise UnusableMessage(f"Write up to {LONGEST} characters.")
    if len(chat.messages) >= MOST_MESSAGES:
        raise UnusableMessage("This conversation is long. Write to us, and a person will answer.")
    before = [one.text for one in chat.messages if not one.by_machine]
    chat.messages.append(ChatMessage(by_machine=False, text=words))
    session.flush()
    return before


def answer(session: Session, chat: Chat, signs: Sequence[Sign]) -> ChatMessage:
    """Keep what the machine showed; the last sign says how it ended."""
    last = signs[-1]
    message = ChatMessage(
        by_machine=True,
        text=" ".join(one.text for one in signs if isinstance(one, Piece)),
        sources=[list(source) for one in signs if isinstance(one, Shown) for source in one.sources],
        confidence=last.confidence if isinstance(last, Settled | HandOver) else None,
        reason=last.reason if isinstance(last, HandOver) else "",
    )
    chat.messages.append(message)
    chat.is_unsure = chat.is_unsure or bool(message.reason)
    session.flush()
    return message


def hand_over(session: Session, chat: Chat, *, name: str, email: str) -> Ticket:
    """The conversation becomes a ticket, whose sender nobody has verified; it goes on by mail. Once. Raise UnusableMessage."""
    if chat.ticket_id is not None:
        return tickets.get(session, chat.ticket_id)
    email = email.strip()
    if len(email) > 254 or not ADDRESS.fullmatch(email):
        raise UnusableMessage("State the mail address that the answer should go to.")
    asked = [one.text for one in chat.messages if not one.by_machine]
    if not asked:
        raise UnusableMessage("Write your question first.")
    said = "\n\n".join(turn_of(one) for one in chat.messages if one.text)
    subject = " ".join(asked[0].split())
    ticket = tickets.open_by_hand(
        session, by="chat", subject=subject if len(subject) <= 80 else f"{subject[:79]}…", body=said,
        from_email=email, from_name=" ".join(name.replace("\0", "").split())[:100], identity=("unverified", "written in the chat"),
    )  # fmt: skip
    chat.ticket_id = ticket.id
    return ticket


def turn_of(message: ChatMessage) -> str:
    """Who said it, and every line of it moved in, so that nobody can type another's turn."""
    lines = "\n".join(f"    {line}" for line in message.text.splitlines())
    return f"{'Machine' if message.by_machine else 'Visitor'}:\n{lines}"


def unanswered(session: Session, most: int = 50) -> Sequence[Chat]:
    """Those in which the machine was unsure and that no person took up: their visitors left no address."""
    found = select(Chat).where(Chat.is_unsure, Chat.ticket_id.is_(None), ~Chat.was_judged)
    return [one for one in session.scalars(found.order_by(Chat.id.desc()).limit(most)) if question_of(one)]


def question_of(chat: Chat) -> str:
    """What the visitor asked last."""
    return next((one.text for one in reversed(chat.messages) if not one.by_machine), "")


def teach(session: Session, chat: Chat, answer: Draft, *, by: str) -> Lesson:
    """A person says what would have been right: the question becomes a settled ticket with a verified lesson.

    Raise UnusableMessage where somebody was first, or nothing was asked.
    """
    question = question_of(chat)
    if chat.was_judged or chat.ticket_id is not None or not question:
        raise UnusableMessage("This conversation has been looked at already.")
    told = " ".join(one.text for one in chat.messages if one.by_machine and one.text)
    ticket = tickets.open_by_hand(
        session, by=by, subject=" ".join(question.split())[:80], body=question, from_email=NOBODY, from_name="Visitor"
    )
    tickets.propose(
        session, ticket, answer.with_reply(told or "-"), made_by={"adapter": "chat"}, confidence=sureness_of(chat)
    )
    tickets.move(session, ticket, Status.DISMISSED, actor=by, seen=ticket.version, note="asked in the chat")
    session.flush()
    lesson = session.scalars(select(Lesson).where(Lesson.ticket_id == ticket.id)).one()
    lessons.verify(session, lesson, answer, by=by)
    chat.ticket_id = ticket.id
    return lesson


def sureness_of(chat: Chat) -> float | None:
    """The lowest confidence that the machine had."""
    return min((one.confidence for one in chat.messages if one.confidence is not None), default=None)


def pass_over(chat: Chat) -> None:
    """There is nothing to learn from it."""
    chat.was_judged = True


def newest(session: Session, *, only_unsure: bool = False, most: int = 100) -> Sequence[Chat]:
    found = select(Chat).order_by(Chat.id.desc()).limit(most)
    return session.scalars(found.where(Chat.is_unsure) if only_unsure else found).all()


def forget_old(open_session: OpenSession) -> bool:
    """Conversations of three months ago. Returns False: there is time until the next look."""
    with open_session() as session:
        old = select(Chat.id).where(Chat.began_at < now() - KEPT)
        session.execute(delete(ChatMessage).where(ChatMessage.chat_id.in_(old)))
        session.execute(delete(Chat).where(Chat.id.in_(old)))
    return False
