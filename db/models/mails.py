"""Mails as they came and left, and the mailboxes that they come from."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy import text as plain_sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.rows import Base, now

if TYPE_CHECKING:
    from db.models.tickets import Ticket


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

    ticket: Mapped["Ticket | None"] = relationship(back_populates="mails")

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
