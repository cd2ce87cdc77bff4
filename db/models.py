"""Tables only. What may happen to a row stands elsewhere on this floor."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
)
from sqlalchemy import text as plain_sql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from db.lifecycle import Status


def now() -> datetime:
    return datetime.now(UTC)


class Moment(TypeDecorator[datetime]):
    """An aware moment, kept in UTC; SQLite would forget the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Moment, dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012 (SQLAlchemy's form)


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


class Mail(Base):
    __tablename__ = "mails"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True, default=None)
    outgoing: Mapped[bool] = mapped_column(default=False)
    mailbox: Mapped[str] = mapped_column(Text, default="")
    dedupe_key: Mapped[str] = mapped_column(String(64), unique=True)
    raw: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    read: Mapped[bool] = mapped_column(default=False, index=True)
    problem: Mapped[str] = mapped_column(Text, default="")
    kind: Mapped[str] = mapped_column(String(20), default="person")
    message_id: Mapped[str] = mapped_column(Text, default="", index=True)
    in_reply_to: Mapped[str] = mapped_column(Text, default="")
    references: Mapped[list[Any]] = mapped_column(default=list)
    date: Mapped[datetime] = mapped_column(default=now)
    from_name: Mapped[str] = mapped_column(Text, default="")
    from_email: Mapped[str] = mapped_column(Text, default="")
    reply_to: Mapped[str] = mapped_column(Text, default="")
    to: Mapped[list[Any]] = mapped_column(default=list)
    cc: Mapped[list[Any]] = mapped_column(default=list)
    subject: Mapped[str] = mapped_column(Text, default="")
    text: Mapped[str] = mapped_column(Text, default="")
    said: Mapped[str] = mapped_column(Text, default="")
    older: Mapped[str] = mapped_column(Text, default="")  # the rest of the text: quoted mails, signatures
    has_html: Mapped[bool] = mapped_column(default=False)
    remote_images: Mapped[bool] = mapped_column(default=False)
    identity: Mapped[str] = mapped_column(String(12), default="")  # verified, unverified or contradicts; "" of our own
    identity_words: Mapped[str] = mapped_column(Text, default="")
    html: Mapped[str] = mapped_column(Text, default="", deferred=True)
    hidden: Mapped[str] = mapped_column(Text, default="")
    orders: Mapped[str] = mapped_column(Text, default="")  # where it talks to the program instead of the desk
    notices: Mapped[list[Any]] = mapped_column(default=list)
    attachments: Mapped[list[Any]] = mapped_column(default=list)
    stored_at: Mapped[datetime] = mapped_column(default=now)

    ticket: Mapped[Ticket | None] = relationship(back_populates="mails")

    __table_args__ = (
        Index(
            "ix_mails_unreadable",
            "id",
            sqlite_where=plain_sql("problem <> ''"),
            postgresql_where=plain_sql("problem <> ''"),
        ),
    )


class Attachment(Base):
    """Content that came with mails, kept once however many mails carry it."""

    __tablename__ = "attachments"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Cursor(Base):
    """How far a mailbox has been read."""

    __tablename__ = "cursors"

    mailbox: Mapped[str] = mapped_column(Text, primary_key=True)
    uidvalidity: Mapped[int] = mapped_column(default=0)
    last_uid: Mapped[int] = mapped_column(default=0)


class Mailbox(Base):
    """A mailbox that was added in the dashboard; the settings' own is not here. `secrets` is encrypted."""

    __tablename__ = "mailboxes"

    id: Mapped[int] = mapped_column(primary_key=True)
    host: Mapped[str] = mapped_column(Text)
    port: Mapped[int] = mapped_column(default=993)
    user: Mapped[str] = mapped_column(Text)
    security: Mapped[str] = mapped_column(String(10), default="tls")
    folder: Mapped[str] = mapped_column(Text, default="INBOX")
    auth: Mapped[str] = mapped_column(String(10), default="password")
    afterwards: Mapped[str] = mapped_column(Text, default="")
    oauth: Mapped[dict[str, Any]] = mapped_column(default=dict)
    secrets: Mapped[str] = mapped_column(Text, default="")


class MailboxState(Base):
    """How a mailbox is doing. `token`: of OAuth2, encrypted; `told`: that it is locked out was told by mail."""

    __tablename__ = "mailbox_states"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    state: Mapped[str] = mapped_column(String(10), default="resting")
    words: Mapped[str] = mapped_column(Text, default="")
    since: Mapped[datetime] = mapped_column(default=now)
    sign_in: Mapped[bool] = mapped_column(default=False)
    token: Mapped[str] = mapped_column(Text, default="")
    told: Mapped[bool] = mapped_column(default=False)


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

    ticket: Mapped[Ticket] = relationship(back_populates="events")


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

    ticket: Mapped[Ticket] = relationship(back_populates="promises")

    __table_args__ = (Index("ix_outbox_state_kind_not_before", "state", "kind", "not_before"),)


class Part(Base):
    """Whether a part of the house reaches its other side: the lamps in the header."""

    __tablename__ = "parts"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    state: Mapped[str] = mapped_column(String(10), default="resting")
    words: Mapped[str] = mapped_column(Text, default="")
    since: Mapped[datetime] = mapped_column(default=now)


class Person(Base):
    __tablename__ = "people"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text, default="")
    role: Mapped[str] = mapped_column(String(10), default="agent")
    language: Mapped[str] = mapped_column(String(5), default="")  # "" is the browser's
    theme: Mapped[str] = mapped_column(String(5), default="")  # "" is the system's
    zone: Mapped[str] = mapped_column(String(40), default="")  # "" is the desk's
    uses_keys: Mapped[bool] = mapped_column(default=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    team: Mapped[str] = mapped_column(String(40), default="")
    told_of: Mapped[list[Any]] = mapped_column(default=lambda: ["assigned", "mentioned", "stuck", "due"])
    totp: Mapped[str] = mapped_column(Text, default="")  # the secret of the second factor, encrypted; "" without one
    totp_last: Mapped[int] = mapped_column(default=0)  # the step of the last code, so that none counts twice
    password_hash: Mapped[str] = mapped_column(Text)


class SignIn(Base):
    """A browser that is signed in; the cookie's token is kept only as a hash."""

    __tablename__ = "sign_ins"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime] = mapped_column(default=now)

    person: Mapped[Person] = relationship()


class ApiKey(Base):
    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[Any]] = mapped_column(default=list)
    used_at: Mapped[datetime | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(default=now)


class SetUp(Base):
    """The one-time link that makes the first admin; used up when somebody has."""

    __tablename__ = "set_ups"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Invitation(Base):
    """A one-time link with which a person chooses a password: the first one, or a new one."""

    __tablename__ = "invitations"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime] = mapped_column()

    person: Mapped[Person] = relationship()


class DeskSetting(Base):
    """What an admin chose for the whole desk in the browser."""

    __tablename__ = "desk_settings"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column()


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

    __table_args__ = (Index("ix_notices_person_id_is_read", "person_id", "is_read"),)


class Vote(Base):
    """What the customer thought of an answer; asked by a link in it, counted only when its form is sent."""

    __tablename__ = "votes"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    is_good: Mapped[bool | None] = mapped_column(default=None)
    words: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime | None] = mapped_column(default=None)


class ModelVersion(Base):
    """An adapter, or the base model alone; `there`: its folder can be loaded. One version serves."""

    __tablename__ = "model_versions"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    folder: Mapped[str] = mapped_column(Text, default="")
    there: Mapped[bool] = mapped_column(default=True)
    serving: Mapped[bool] = mapped_column(default=False)
    known_since: Mapped[datetime] = mapped_column(default=now)
