"""Rows of ep3-bs become members and bookings as the rest of the house knows them."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import Connection, Engine, Select, select
from sqlalchemy.exc import DBAPIError

from actions.ep3bs.tables import BOOKINGS, RESERVATIONS, USER_META, USERS
from actions.outcomes import Refused, Unreachable

Json = dict[str, Any]
STATES = {"enabled": "active", "assist": "active", "admin": "active", "disabled": "waiting for activation"}
NO_MEMBERS = ("placeholder", "deleted")


@dataclass
class Asking:
    """A connection that only reads; what goes wrong is Unreachable."""

    engine: Engine

    def __enter__(self) -> Connection:
        try:
            self.db = self.engine.connect()
        except DBAPIError as error:
            raise Unreachable(f"The booking system's database cannot be reached: {first_line(error)}.") from error
        return self.db

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self.db.close()
        if isinstance(error, DBAPIError):
            raise Unreachable(f"The booking system's database cannot be asked: {first_line(error)}.") from error


def user_named(db: Connection, username: str) -> Any:
    found = select(USERS).where(USERS.c.alias == username, USERS.c.status.not_in(NO_MEMBERS)).with_for_update()
    rows = db.execute(found).mappings().all()
    if not rows:
        raise Refused("no_such_account", f"There is no account {username}.")
    if len(rows) > 1:
        raise Refused("ambiguous", f"{len(rows)} accounts are called {username}.")
    return rows[0]


def account_of(db: Connection, user: Any) -> Json:
    meta = dict(db.execute(select(USER_META.c.key, USER_META.c.value).where(USER_META.c.uid == user["uid"])).all())
    full = " ".join(part for part in (meta.get("firstname"), meta.get("lastname")) if part)
    place = " ".join(part for part in (meta.get("zip"), meta.get("city")) if part)
    return {
        "username": user["alias"],
        "full_name": full or meta.get("name") or user["alias"],
        "email": user["email"] or "",
        "phone": meta.get("phone", ""),
        "address": ", ".join(part for part in (meta.get("street"), place) if part),
        "status": STATES.get(user["status"], user["status"]),
        "member_since": user["created"].date().isoformat() if user["created"] else "",
    }


def reserved() -> Select[Any]:
    """Every reserved hour with its booking and its member."""
    return (
        select(RESERVATIONS, BOOKINGS.c.sid, BOOKINGS.c.status, USERS.c.alias)
        .join(BOOKINGS, BOOKINGS.c.bid == RESERVATIONS.c.bid)
        .join(USERS, USERS.c.uid == BOOKINGS.c.uid)
    )


def booking_of(row: Any, timezone: tzinfo) -> Json:
    day = datetime.combine(row["date"], datetime.min.time())
    start, end = (day + row[name] for name in ("time_start", "time_end"))
    if end <= start:
        end += timedelta(days=1)
    moments = (one.replace(tzinfo=timezone).isoformat() for one in (start, end))
    return {
        "id": row["bid"],
        "username": row["alias"],
        "court": str(row["sid"]),
        **dict(zip(("start", "end"), moments, strict=True)),
        "status": row["status"],
    }


def booking_numbered(db: Connection, bid: int, timezone: tzinfo) -> Json:
    return booking_of(db.execute(reserved().where(BOOKINGS.c.bid == bid)).mappings().one(), timezone)


def first_line(error: DBAPIError) -> str:
    return str(error.orig).splitlines()[0]
