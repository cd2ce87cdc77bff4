"""ep3-bs, the open-source court booking system (github.com/tkrebs/ep3-bs), through its own database: MySQL or MariaDB.

It has no API, so this speaks to its tables, under the rules that its pages keep. Its own times are naive and local.
Every write and the key under which it was asked for are one transaction, in a table of ours beside its own
(`courtdesk_effects`): the same key is carried out once.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, create_engine, func, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from actions.ep3bs.reading import NO_MEMBERS, Asking, Json, account_of, booking_of, first_line, reserved
from actions.ep3bs.tables import BOOKINGS, EFFECTS, OPTIONS, RESERVATIONS, SQUARES, USERS, metadata
from actions.ep3bs.writing import Counter
from actions.outcomes import OutcomeUnknown, Refused, Unreachable

WORK: Mapping[str, Callable[[Counter, Connection, Mapping[str, Any]], Json]] = {
    "create_account": Counter.create_account,
    "reset_password": Counter.reset_password,
    "update_account": Counter.update_account,
    "delete_account": Counter.delete_account,
    "create_booking": Counter.create_booking,
    "cancel_booking": Counter.cancel_booking,
    "move_booking": Counter.move_booking,
}


def clock_of_this_machine() -> datetime:
    return datetime.now(UTC)


def open_ep3bs(
    url: str, web: str, timezone: ZoneInfo, clock: Callable[[], datetime] = clock_of_this_machine
) -> "Ep3Bs":
    """`url`: mysql://user:password@host/database. `web`: the address of its pages, for links."""
    made = make_url(url).set(drivername="mysql+pymysql")
    if "charset" not in made.query:
        made = made.update_query_dict({"charset": "utf8"})
    return Ep3Bs(
        create_engine(made, pool_pre_ping=True, isolation_level="READ COMMITTED"), web.rstrip("/"), timezone, clock
    )


@dataclass
class Ep3Bs:
    """Both ports of this room over one engine. A user name is the alias there; members sign in by mail address."""

    engine: Engine
    web: str
    timezone: ZoneInfo
    clock: Callable[[], datetime]
    repeats_are_safe: bool = True

    # Looking

    def accounts(self, *, username: str = "", email: str = "") -> list[Json]:
        found = select(USERS).where(USERS.c.status.not_in(NO_MEMBERS)).order_by(USERS.c.uid)
        if username:
            found = found.where(USERS.c.alias == username)
        if email:
            found = found.where(func.lower(USERS.c.email) == email.lower())
        with Asking(self.engine) as db:
            return [account_of(db, row) for row in db.execute(found).mappings().all()]

    def courts(self) -> list[Json]:
        found = select(SQUARES).where(SQUARES.c.status == "enabled").order_by(SQUARES.c.priority, SQUARES.c.sid)
        with Asking(self.engine) as db:
            return [{"id": str(row["sid"]), "name": row["name"]} for row in db.execute(found).mappings()]

    def bookings(self, *, username: str = "", start: datetime, end: datetime | None = None) -> list[Json]:
        """Each reserved hour between the two moments, of subscriptions too."""
        found = (
            reserved()
            .where(BOOKINGS.c.status != "cancelled", BOOKINGS.c.visibility == "public")
            .where(RESERVATIONS.c.date >= self.local(start).date())
            .order_by(RESERVATIONS.c.date, RESERVATIONS.c.time_start)
        )
        if end is not None:
            found = found.where(RESERVATIONS.c.date <= self.local(end).date())
        if username:
            found = found.where(USERS.c.alias == username)
        with Asking(self.engine) as db:
            rows = [booking_of(row, self.timezone) for row in db.execute(found).mappings()]
        return [
            row
            for row in rows
            if datetime.fromisoformat(row["end"]) > start
            and (end is None or datetime.fromisoformat(row["start"]) < end)
        ]

    def ping(self) -> None:
        """Raise Unreachable."""
        self.courts()

    # Acting

    def perform(self, action: str, params: Mapping[str, Any], key: str) -> Json:
        """Carry out one action, once for each key. Raise Refused, Unreachable (nothing happened) or OutcomeUnknown."""
        if action not in WORK:
            raise Refused("", f"ep3-bs cannot {action.replace('_', ' ')}.")
        asked = json.dumps([action, dict(params)], sort_keys=True, default=str)
        try:
            db = self.engine.connect()
        except DBAPIError as error:
            raise Unreachable(f"The booking system's database cannot be reached: {first_line(error)}.") from error
        with db:
            try:
                metadata.create_all(db, tables=[EFFECTS], checkfirst=True)
                answer = self.once(
                    db, key, asked, lambda: WORK[action](Counter(self.web, self.timezone, self.now()), db, params)
                )
            except DBAPIError as error:
                db.rollback()
                raise Unreachable(f"The booking system's database refuses: {first_line(error)}.") from error
            try:
                db.commit()
            except DBAPIError as error:
                raise OutcomeUnknown("The booking system's database did not confirm.") from error
        return answer

    def once(self, db: Connection, key: str, asked: str, work: Callable[[], Json]) -> Json:
        before = db.execute(select(EFFECTS).where(EFFECTS.c.key == key).with_for_update()).mappings().first()
        if before is not None:
            if before["asked"] != asked:
                raise Refused("key_reused", "This key was used for another request.")
            return dict(json.loads(before["answer"]))
        if db.scalar(select(OPTIONS.c.value).where(OPTIONS.c.key == "service.maintenance").limit(1)) == "true":
            raise Unreachable("The booking system is under maintenance.")
        answer = work()
        db.execute(insert(EFFECTS).values(key=key, asked=asked, answer=json.dumps(answer), at=self.now()))
        return answer

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.timezone).replace(tzinfo=None)

    def now(self) -> datetime:
        return self.local(self.clock()).replace(microsecond=0)
