"""Tickets, and what staff put on them."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.lifecycle import Status
from db.models.rows import Base, now

if TYPE_CHECKING:
    from db.models.mails import Mail
    from db.models.people import Person
    from db.models.promises import Event, Promise


class Ticket(Base):
    __tablename__ = "tickets"

    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[Status] = mapped_column(String(20), default=Status.RECEIVED)
    version: Mapped[int] = mapped_column(default=1)
    subject: Mapped[str] = mapped_column(Text, default="")
    from_name: Mapped[str] = mapped_column(Text, default="")
    from_email: Mapped[str] = mapped_column(Text, default="")
    received_at: Mapped[datetime] = mapped_column(default=now)
    changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    language: Mapped[str] = mapped_column(String(8), default="")
    category: Mapped[str] = mapped_column(String(60), default="")
    username: Mapped[str] = mapped_column(Text, default="")
    confidence: Mapped[float | None] = mapped_column(default=None)
    needs_human: Mapped[bool] = mapped_column(default=False)
    reasons: Mapped[list[Any]] = mapped_column(default=list)
    draft: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    answer: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    made_by: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    plan: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    problem: Mapped[str] = mapped_column(Text, default="")
    failures: Mapped[int] = mapped_column(default=0)
    draft_after: Mapped[datetime | None] = mapped_column(default=None)
    wanted_model: Mapped[str] = mapped_column(String(120), default="")
    trust: Mapped[dict[str, Any] | None] = mapped_column(default=None)  # what a person chose about who asks
    booking_id: Mapped[int | None] = mapped_column(default=None)  # which a person chose, where several fit
    spam: Mapped[str] = mapped_column(String(200), default="")  # why the mail server takes it for spam; "" where not
    snippet: Mapped[str] = mapped_column(String(120), default="")  # how the newest mail begins
    identity: Mapped[str] = mapped_column(String(12), default="")  # of whoever wrote it
    priority: Mapped[int] = mapped_column(default=0)  # -1 low, 0 normal, 1 high, 2 urgent
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"), default=None)
    snoozed_until: Mapped[datetime | None] = mapped_column(default=None)
    waiting_for: Mapped[str] = mapped_column(String(120), default="")  # whom or what, in words
    lesson: Mapped[dict[str, Any] | None] = mapped_column(
        default=None
    )  # why the draft was corrected; whether to learn it

    drafted_at: Mapped[datetime | None] = mapped_column(
        default=None
    )  # the first draft, the last signature, the last end
    signed_at: Mapped[datetime | None] = mapped_column(default=None)
    signed_by: Mapped[str] = mapped_column(Text, default="")
    settled_at: Mapped[datetime | None] = mapped_column(default=None)
    due_at: Mapped[datetime | None] = mapped_column(default=None)
    merged_into: Mapped[int | None] = mapped_column(default=None)  # the ticket that took its mails over
    team: Mapped[str] = mapped_column(String(40), default="")
    was_looked_at: Mapped[bool] = mapped_column(default=False)  # by the autopilot, as it is drafted now
    told_late: Mapped[bool] = mapped_column(default=False)  # that the answer is overdue
    edit_distance: Mapped[float | None] = mapped_column(
        default=None
    )  # share of the drafted reply that was changed, 0 to 1

    assignee: Mapped["Person | None"] = relationship()
    tags: Mapped[list["Tag"]] = relationship(order_by="Tag.name", cascade="all, delete-orphan")
    notes: Mapped[list["Note"]] = relationship(order_by="Note.id")
    mails: Mapped[list["Mail"]] = relationship(order_by="Mail.id", back_populates="ticket")
    events: Mapped[list["Event"]] = relationship(order_by="Event.id", back_populates="ticket")
    promises: Mapped[list["Promise"]] = relationship(order_by="Promise.id", back_populates="ticket")

    __table_args__ = (
        Index("ix_tickets_status_received_at", "status", "received_at"),
        Index("ix_tickets_status_changed_at", "status", "changed_at"),
        Index("ix_tickets_from_email", "from_email"),
        Index("ix_tickets_received_at", "received_at"),
        # a handful of a million: what the autopilot has not looked at is found among those in review alone
        Index(
            "ix_tickets_in_review",
            "was_looked_at",
            "id",
            sqlite_where=text("status = 'in_review'"),
            postgresql_where=text("status = 'in_review'"),
        ),
    )


class Tag(Base):
    """A word that staff put on a ticket."""

    __tablename__ = "tags"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True, index=True)


class Note(Base):
    """What a colleague wrote for colleagues; it never leaves the desk. `mentions`: ids of the people it names."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    author: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    mentions: Mapped[list[Any]] = mapped_column(default=list)
    at: Mapped[datetime] = mapped_column(default=now)


class Edit(Base):
    """What a person has typed into a proposal and not decided yet; `version` is the ticket's when it began."""

    __tablename__ = "edits"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column()
    answer: Mapped[dict[str, Any]] = mapped_column()
    plan: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    recipients: Mapped[dict[str, Any]] = mapped_column(default=dict)  # to, cc, bcc as they were typed
    files: Mapped[list[Any]] = mapped_column(default=list)  # name, type, size, sha256 of what goes along
    at: Mapped[datetime] = mapped_column(default=now)


class Presence(Base):
    """Who has a ticket open in a browser, and when a sign of life came last."""

    __tablename__ = "presences"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now)
    is_typing: Mapped[bool] = mapped_column(default=False)

    person: Mapped["Person"] = relationship()


class SavedView(Base):
    """A view of the queue that a person keeps under a name."""

    __tablename__ = "saved_views"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(40))
    query: Mapped[dict[str, Any]] = mapped_column()


class CannedReply(Base):
    """A reply that staff write again and again, with variables; `orders`: what else choosing it does to the ticket."""

    __tablename__ = "canned_replies"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(80), unique=True)
    body: Mapped[str] = mapped_column(Text)
    orders: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Customer(Base):
    """Somebody who writes; only kept where several addresses are one person, or something is to be remembered."""

    __tablename__ = "customers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text, default="")
    about: Mapped[str] = mapped_column(Text, default="")

    addresses: Mapped[list["CustomerAddress"]] = relationship(order_by="CustomerAddress.email")


class CustomerAddress(Base):
    __tablename__ = "customer_addresses"

    email: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)


class Rule(Base):
    """For whom a ticket is: where all the conditions hold, the effects are put on it. One that does not serve is only tried."""

    __tablename__ = "rules"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    serves: Mapped[bool] = mapped_column(default=False)
    conditions: Mapped[dict[str, Any]] = mapped_column()
    effects: Mapped[dict[str, Any]] = mapped_column()


class Notice(Base):
    """Something that a person should know about a ticket."""

    __tablename__ = "notices"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    kind: Mapped[str] = mapped_column(String(20))
    words: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(default=now)
    is_read: Mapped[bool] = mapped_column(default=False)
    mail_at: Mapped[datetime | None] = mapped_column(default=None, index=True)  # when to mail it, if unread until then

    ticket: Mapped[Ticket] = relationship()
    person: Mapped["Person"] = relationship()

    __table_args__ = (Index("ix_notices_person_id_is_read", "person_id", "is_read"),)


class Vote(Base):
    """What the customer thought of an answer; asked by a link in it, counted only when its form is sent."""

    __tablename__ = "votes"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    is_good: Mapped[bool | None] = mapped_column(default=None)
    words: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime | None] = mapped_column(default=None)
