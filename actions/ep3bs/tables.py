"""The tables of ep3-bs that are read or written, under its own names; `courtdesk_effects` is ours."""

from typing import Any

from sqlalchemy import Column, Date, DateTime, Float, ForeignKey, Integer, MetaData, String, Table, Text
from sqlalchemy.types import UserDefinedType

metadata = MetaData()


class Clock(UserDefinedType[Any]):
    """A time of day as a timedelta: SQLAlchemy's own type would read 24:00 as midnight of the morning."""

    cache_ok = True

    def get_col_spec(self, **more: Any) -> str:
        return "TIME"


USERS = Table(
    "bs_users", metadata,
    Column("uid", Integer, primary_key=True), Column("alias", String(128)), Column("status", String(64)),
    Column("email", String(128)), Column("pw", String(256)), Column("login_attempts", Integer),
    Column("login_detent", DateTime), Column("created", DateTime),
)  # fmt: skip
USER_META = Table(
    "bs_users_meta", metadata,
    Column("umid", Integer, primary_key=True), Column("uid", Integer, ForeignKey("bs_users.uid")), Column("key", String(64)),
    Column("value", Text),
)  # fmt: skip
BOOKINGS = Table(
    "bs_bookings", metadata,
    Column("bid", Integer, primary_key=True), Column("uid", Integer, ForeignKey("bs_users.uid")),
    Column("sid", Integer, ForeignKey("bs_squares.sid")), Column("status", String(64)), Column("status_billing", String(64)),
    Column("visibility", String(64)), Column("quantity", Integer), Column("created", DateTime),
)  # fmt: skip
BOOKING_META = Table(
    "bs_bookings_meta", metadata,
    Column("bmid", Integer, primary_key=True), Column("bid", Integer, ForeignKey("bs_bookings.bid")),
    Column("key", String(64)), Column("value", Text),
)  # fmt: skip
BILLS = Table(
    "bs_bookings_bills", metadata,
    Column("bbid", Integer, primary_key=True), Column("bid", Integer, ForeignKey("bs_bookings.bid")),
    Column("price", Integer),
)  # fmt: skip
RESERVATIONS = Table(
    "bs_reservations", metadata,
    Column("rid", Integer, primary_key=True), Column("bid", Integer, ForeignKey("bs_bookings.bid")), Column("date", Date),
    Column("time_start", Clock()), Column("time_end", Clock()),
)  # fmt: skip
SQUARES = Table(
    "bs_squares", metadata,
    Column("sid", Integer, primary_key=True), Column("name", String(64)), Column("status", String(64)), Column("priority", Float),
    Column("capacity", Integer), Column("capacity_heterogenic", Integer), Column("time_start", Clock()),
    Column("time_end", Clock()), Column("time_block", Integer), Column("time_block_bookable", Integer),
    Column("time_block_bookable_max", Integer), Column("min_range_book", Integer), Column("range_book", Integer),
    Column("max_active_bookings", Integer), Column("range_cancel", Integer),
)  # fmt: skip
PRICING = Table(
    "bs_squares_pricing", metadata,
    Column("spid", Integer, primary_key=True), Column("sid", Integer), Column("date_start", Date), Column("date_end", Date),
    Column("price", Integer),
)  # fmt: skip
EVENTS = Table(
    "bs_events", metadata,
    Column("eid", Integer, primary_key=True), Column("sid", Integer), Column("datetime_start", DateTime),
    Column("datetime_end", DateTime),
)  # fmt: skip
OPTIONS = Table(
    "bs_options", metadata,
    Column("oid", Integer, primary_key=True), Column("key", String(64)), Column("value", Text), Column("locale", String(8)),
)  # fmt: skip
EFFECTS = Table(
    "courtdesk_effects", metadata,
    Column("key", String(80), primary_key=True), Column("asked", Text, nullable=False), Column("answer", Text, nullable=False),
    Column("at", DateTime, nullable=False), mysql_engine="InnoDB", mysql_charset="utf8mb4",
)  # fmt: skip
