"""How the desk itself is doing, and what was chosen for it."""

from datetime import datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.rows import Base, now


class Part(Base):
    """Whether a part of the house reaches its other side: the lamps in the header."""

    __tablename__ = "parts"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    state: Mapped[str] = mapped_column(String(10), default="resting")
    words: Mapped[str] = mapped_column(Text, default="")
    since: Mapped[datetime] = mapped_column(default=now)


class Lease(Base):
    """What only one process may do at a time, and which one does it until when."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(300), primary_key=True)
    owner: Mapped[str] = mapped_column(Text)
    until: Mapped[datetime] = mapped_column()


class DeskSetting(Base):
    """What an admin chose for the whole desk in the browser."""

    __tablename__ = "desk_settings"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column()


class ModelVersion(Base):
    """An adapter, or the base model alone; `there`: its folder can be loaded. One version serves."""

    __tablename__ = "model_versions"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    folder: Mapped[str] = mapped_column(Text, default="")
    there: Mapped[bool] = mapped_column(default=True)
    serving: Mapped[bool] = mapped_column(default=False)
    known_since: Mapped[datetime] = mapped_column(default=now)
