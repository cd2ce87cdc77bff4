"""What the next model may learn from."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy import text as plain_sql
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


class Trial(Base):
    """Another version beside the serving one: a `split` share of tickets drafted by it, or each drafted `shadow` by both.

    `state`: running or ended; `words`: why it ended.
    """

    __tablename__ = "trials"
    __table_args__ = (
        Index(
            "uq_trials_running",
            "state",
            unique=True,
            sqlite_where=plain_sql("state = 'running'"),
            postgresql_where=plain_sql("state = 'running'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    version: Mapped[str] = mapped_column(String(120))
    against: Mapped[str] = mapped_column(String(120))
    share: Mapped[float] = mapped_column()
    state: Mapped[str] = mapped_column(String(10), default="running", index=True)
    words: Mapped[str] = mapped_column(Text, default="")
    by: Mapped[str] = mapped_column(Text)
    began_at: Mapped[datetime] = mapped_column(default=now)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)


class TrialDraft(Base):
    """What one version drafted for a ticket during a trial, until the decision; then only how good it was.

    `fits`: category, user name and details were signed as drafted; `unchanged`: the reply too. None: not decided, or
    dismissed. `distance`: share of words of the reply that differ; `waited`: seconds from draft to signature.
    """

    __tablename__ = "trial_drafts"

    id: Mapped[int] = mapped_column(primary_key=True)
    trial_id: Mapped[int] = mapped_column(ForeignKey("trials.id"), index=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    version: Mapped[str] = mapped_column(String(120))
    silent: Mapped[bool] = mapped_column(default=False)
    draft: Mapped[dict[str, Any]] = mapped_column(default=dict)
    seconds: Mapped[float] = mapped_column(default=0.0)
    at: Mapped[datetime] = mapped_column(default=now)
    decided: Mapped[bool] = mapped_column(default=False)
    fits: Mapped[bool | None] = mapped_column(default=None)
    unchanged: Mapped[bool | None] = mapped_column(default=None)
    distance: Mapped[float | None] = mapped_column(default=None)
    waited: Mapped[float | None] = mapped_column(default=None)

    __table_args__ = (UniqueConstraint("trial_id", "ticket_id", "version"),)


class Retraining(Base):
    """A training that the desk ordered: its progress, its result, and what was judged of it.

    `state`: queued, training, judging, calibrating, paused, done, failed or cancelled; `wanted`: what a person asks of it,
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

    @property
    def may_serve(self) -> bool:
        """What the gate said of its result."""
        return bool(self.report.get("may_serve"))
