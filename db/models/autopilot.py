"""What the autopilot saw, did and proved."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.rows import Base, now


class AutopilotCategory(Base):
    """Whether a category is open. `evidence`: what the decisions so far prove; `terms`: what it was opened on."""

    __tablename__ = "autopilot_categories"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    is_open: Mapped[bool] = mapped_column(default=False)
    by: Mapped[str] = mapped_column(Text, default="")
    opened_at: Mapped[datetime | None] = mapped_column(default=None)
    closed_at: Mapped[datetime | None] = mapped_column(default=None)
    words: Mapped[str] = mapped_column(Text, default="")
    terms: Mapped[dict[str, Any]] = mapped_column(default=dict)
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict)


class AutopilotLook(Base):
    """One draft as the autopilot saw it, and what a person made of it.

    `model`: everything that the confidence depends on; `score`: the calibrated probability that it is right; `why`: what
    keeps it from being answered alone, "" where nothing does. `chosen`: review, audit (could have gone alone, by chance
    did not), alone, withdrawn (went alone and was taken back) or reported (left, and was found wrong later). `right`: signed as drafted, by a person.
    """

    __tablename__ = "autopilot_looks"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    category: Mapped[str] = mapped_column(String(60))
    model: Mapped[str] = mapped_column(String(300))
    confidence: Mapped[float] = mapped_column(default=0.0)
    features: Mapped[list[Any]] = mapped_column(default=list)
    score: Mapped[float | None] = mapped_column(default=None)
    why: Mapped[str] = mapped_column(String(200), default="")
    action: Mapped[str] = mapped_column(String(60), default="")  # that it would have signed; "" only a reply
    chosen: Mapped[str] = mapped_column(String(10), default="review")
    at: Mapped[datetime] = mapped_column(default=now)
    decided_at: Mapped[datetime | None] = mapped_column(default=None)
    right: Mapped[bool | None] = mapped_column(default=None)

    __table_args__ = (Index("ix_autopilot_looks_category_decided_at", "category", "decided_at"),)
