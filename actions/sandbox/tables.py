"""The demo club's own tables, and the transaction that every request runs in."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Engine, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from db.models import Moment


class Club(DeclarativeBase):
    type_annotation_map = {datetime: Moment, dict[str, Any]: JSON}  # noqa: RUF012 (SQLAlchemy's form)


class Account(Club):
    __tablename__ = "accounts"

    username: Mapped[str] = mapped_column(primary_key=True)
    full_name: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default="active")
    member_since: Mapped[str] = mapped_column(default="")
    unpaid: Mapped[bool] = mapped_column(default=False)


class Court(Club):
    __tablename__ = "courts"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]


class Booking(Club):
    __tablename__ = "bookings"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str]
    court: Mapped[str]
    start: Mapped[datetime]
    end: Mapped[datetime]
    status: Mapped[str] = mapped_column(default="booked")


class Effect(Club):
    """What was answered under an idempotency key, so that asking again changes nothing."""

    __tablename__ = "effects"

    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    status: Mapped[int]
    body: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class ClubDatabase:
    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.engine: Engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 10})
        event.listen(self.engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
        event.listen(self.engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        Club.metadata.create_all(self.engine)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session
