"""What was signed, what happened, and what is still under way."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.rows import Base, now

if TYPE_CHECKING:
    from db.models.tickets import Ticket


class Event(Base):
    """What happened to a ticket, at which version of it. The database refuses changes; only actor and note can be erased."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    at: Mapped[datetime] = mapped_column(default=now, index=True)
    actor: Mapped[str] = mapped_column(Text)
    what: Mapped[str] = mapped_column(String(40))
    old: Mapped[str] = mapped_column(String(20), default="")
    new: Mapped[str] = mapped_column(String(20), default="")
    note: Mapped[str] = mapped_column(Text, default="")

    version: Mapped[int] = mapped_column(default=0)

    ticket: Mapped["Ticket"] = relationship(back_populates="events")


class Seal(Base):
    """A link of the chain over the events: `hash` covers the event and the link before, `words` its actor and note."""

    __tablename__ = "seals"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event_id: Mapped[int] = mapped_column(unique=True)
    words: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class Confirmation(Base):
    """A one-time code that was sent to the address on file of an account, for one ticket."""

    __tablename__ = "confirmations"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    username: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(String(9))
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    tries: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime] = mapped_column()


class Promise(Base):
    """A row of the outbox: one action or one reply that was signed."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    key: Mapped[str] = mapped_column(String(80), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10), default="promised")
    payload: Mapped[dict[str, Any]] = mapped_column()
    digest: Mapped[str] = mapped_column(String(64), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime] = mapped_column(default=now)
    owner: Mapped[str] = mapped_column(Text, default="")
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    result: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(default=now)

    ticket: Mapped["Ticket"] = relationship(back_populates="promises")

    __table_args__ = (Index("ix_outbox_state_kind_not_before", "state", "kind", "not_before"),)
