"""Conversations of visitors with the machine."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.rows import Base, now


class Chat(Base):
    """`ticket_id`: what it became when a person took it over. Its address is known to the visitor alone, here only as a hash."""

    __tablename__ = "chats"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    began_at: Mapped[datetime] = mapped_column(default=now, index=True)
    is_unsure: Mapped[bool] = mapped_column(default=False)  # something in it was a person's
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True, default=None)
    was_judged: Mapped[bool] = mapped_column(default=False)  # a person saw that it teaches nothing

    messages: Mapped[list["ChatMessage"]] = relationship(order_by="ChatMessage.id", cascade="all, delete-orphan")


class ChatMessage(Base):
    """`reason`: why the machine did not answer; `sources`: page, heading and text of each passage."""

    __tablename__ = "chat_messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    chat_id: Mapped[int] = mapped_column(ForeignKey("chats.id", ondelete="CASCADE"), index=True)
    by_machine: Mapped[bool] = mapped_column()
    text: Mapped[str] = mapped_column(Text)
    sources: Mapped[list[Any]] = mapped_column(default=list)
    confidence: Mapped[float | None] = mapped_column(default=None)
    reason: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(default=now)
