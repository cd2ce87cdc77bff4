"""People, their browsers, and keys for programs."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.rows import Base, now


def initials_of(name: str, email: str) -> str:
    """Two letters that stand for somebody."""
    words = (name or email.partition("@")[0].replace(".", " ")).split() or ["?"]
    return ("".join(word[0] for word in words[:2]) if len(words) > 1 else words[0][:2]).upper()


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
    mailed_of: Mapped[list[Any]] = mapped_column(default=list)  # kinds of notices that also come by mail
    identity: Mapped[str] = mapped_column(String(300), default="")  # issuer and subject at the identity provider
    totp: Mapped[str] = mapped_column(Text, default="")  # the secret of the second factor, encrypted; "" without one
    totp_last: Mapped[int] = mapped_column(default=0)  # the step of the last code, so that none counts twice
    password_hash: Mapped[str] = mapped_column(Text)

    @property
    def shown_name(self) -> str:
        return self.name or self.email

    @property
    def initials(self) -> str:
        return initials_of(self.name, self.email)


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
    per_minute: Mapped[int] = mapped_column(default=60)  # drafts that it may ask for


class ApiCall(Base):
    """One draft that a program or a person asked for without a ticket: who, when, how long it took."""

    __tablename__ = "api_calls"

    id: Mapped[int] = mapped_column(primary_key=True)
    caller: Mapped[str] = mapped_column(Text)
    route: Mapped[str] = mapped_column(String(40))
    status: Mapped[int] = mapped_column()
    milliseconds: Mapped[int] = mapped_column()
    at: Mapped[datetime] = mapped_column(default=now, index=True)


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
