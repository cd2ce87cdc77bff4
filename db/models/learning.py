"""What the next model may learn from."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.mails import Mail
from db.models.rows import Base, now


class Lesson(Base):
    """One decision: what the model drafted for a mail, and what a person made of it.

    `kind` is signed or dismissed; `state` is waiting, verified or dropped; `why` the reason of the correction or of the
    dismissal. `answer` is None until somebody says what would have been right.
    """

    __tablename__ = "lessons"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    mail_id: Mapped[int] = mapped_column(ForeignKey("mails.id"), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10), default="waiting", index=True)
    learn: Mapped[bool] = mapped_column(default=True)
    why: Mapped[str] = mapped_column(String(300), default="")
    by: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(default=now)
    model: Mapped[str] = mapped_column(String(120), default="")
    confidence: Mapped[float | None] = mapped_column(default=None)
    draft: Mapped[dict[str, Any]] = mapped_column()
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)
    passages: Mapped[list[Any]] = mapped_column(default=list)
    verified_by: Mapped[str] = mapped_column(Text, default="")

    mail: Mapped[Mail] = relationship()


class Retraining(Base):
    """A training that the desk ordered: its progress, its result, and what was judged of it.

    `state`: queued, training, calibrating, judging, paused, done, failed or cancelled; `wanted`: what a person asks of it,
    "pause" or "cancel". `last_lesson`: the newest that it learnt from.
    """

    __tablename__ = "retrainings"

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(12), default="queued")
    wanted: Mapped[str] = mapped_column(String(10), default="")
    asked_by: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(default=now)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    steps: Mapped[int] = mapped_column(default=0)
    start: Mapped[str] = mapped_column(String(120), default="")  # the version that it goes on from
    version: Mapped[str] = mapped_column(String(120), default="")  # its result
    lessons: Mapped[int] = mapped_column(default=0)
    last_lesson: Mapped[int] = mapped_column(default=0)
    newest_lesson: Mapped[int] = mapped_column(default=0)  # that there was, those kept back to judge on included
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict)
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)
    words: Mapped[str] = mapped_column(Text, default="")
    owner: Mapped[str] = mapped_column(Text, default="")
    seen_at: Mapped[datetime | None] = mapped_column(default=None)
