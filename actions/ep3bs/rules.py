"""What ep3-bs lets its members book and cancel: the rules of its squares, in its order. All its lengths are seconds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, or_, select

from actions.ep3bs.tables import BOOKINGS, EVENTS, PRICING, RESERVATIONS, SQUARES
from actions.outcomes import Refused

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Slot:
    """A time on one square, naive and local, within one day; its end may be 24:00."""

    sid: int
    start: datetime
    end: datetime

    def row(self) -> dict[str, Any]:
        return {"date": self.start.date(), "time_start": clock(self.from_midnight), "time_end": clock(self.till)}

    @property
    def midnight(self) -> datetime:
        return datetime.combine(self.start.date(), datetime.min.time())

    @property
    def from_midnight(self) -> timedelta:
        return self.start - self.midnight

    @property
    def till(self) -> timedelta:
        return self.end - self.midnight


def clock(since_midnight: timedelta) -> str:
    minutes = int(since_midnight.total_seconds()) // 60
    return f"{minutes // 60:02}:{minutes % 60:02}"


def check_bookable(db: Connection, slot: Slot, uid: int, now: datetime, instead_of: int = 0) -> None:
    """Raise Refused. `instead_of`: a booking that would be moved, so that it does not stand in its own way."""
    # The row is locked until the end of the transaction: of two of us only one books at a time.
    square = db.execute(select(SQUARES).where(SQUARES.c.sid == slot.sid).with_for_update()).mappings().first()
    if square is None or square["status"] != "enabled":
        raise Refused("no_such_court", "That court cannot be booked.")
    check_times(square, slot, now)
    if instead_of == 0 and is_priced(db, slot):
        raise Refused(
            "priced", "That court costs money at that time: book it in the booking system, which writes the bill."
        )
    check_closed(db, slot)
    check_room(db, square, slot, instead_of)
    if square["max_active_bookings"]:
        count = active(db, uid, now, instead_of)
        if count >= square["max_active_bookings"]:
            raise Refused("limit", f"The member has {count} open bookings, as many as allowed.")


def check_times(square: Any, slot: Slot, now: datetime) -> None:
    least = square["time_block_bookable"] or square["time_block"] or 1
    if not slot.start < slot.end <= slot.midnight + DAY:
        raise Refused("outside_hours", "A booking begins and ends on one day.")
    if square["min_range_book"]:
        if slot.start < now + timedelta(seconds=square["min_range_book"]):
            raise Refused("in_the_past", "That is too short a notice.")
    elif slot.start < now - timedelta(seconds=least / 2):
        raise Refused("in_the_past", "That time is over.")
    if square["range_book"] and slot.start > now + timedelta(seconds=square["range_book"]):
        raise Refused("too_far_ahead", "That day is too far ahead.")
    if slot.from_midnight < square["time_start"] or slot.till > square["time_end"]:
        raise Refused("outside_hours", "The court is closed then.")
    length = (slot.end - slot.start).total_seconds()
    if length < least or (slot.from_midnight - square["time_start"]).total_seconds() % least or length % least:
        raise Refused("unusable", f"That court is booked in blocks of {least // 60} minutes.")
    if square["time_block_bookable_max"] and length > square["time_block_bookable_max"]:
        raise Refused("limit", f"That court is booked for {square['time_block_bookable_max'] // 60} minutes at most.")


def is_priced(db: Connection, slot: Slot) -> bool:
    """Whether any rule may give that day a price; which one does is left to ep3-bs, whose page writes the bill."""
    day = slot.start.date()
    found = select(PRICING.c.spid).where(
        or_(PRICING.c.sid.is_(None), PRICING.c.sid == slot.sid), PRICING.c.date_start <= day, PRICING.c.date_end >= day
    )
    return db.execute(found.where(PRICING.c.price > 0).limit(1)).first() is not None


def check_closed(db: Connection, slot: Slot) -> None:
    found = select(EVENTS.c.eid).where(
        EVENTS.c.datetime_end > slot.start,
        EVENTS.c.datetime_start < slot.end,
        or_(EVENTS.c.sid.is_(None), EVENTS.c.sid == slot.sid),
    )
    if db.execute(found.limit(1)).first():
        raise Refused("court_taken", "The court is closed then for an event.")


def check_room(db: Connection, square: Any, slot: Slot, instead_of: int) -> None:
    found = (
        select(BOOKINGS.c.bid, BOOKINGS.c.quantity)
        .join(RESERVATIONS, RESERVATIONS.c.bid == BOOKINGS.c.bid)
        .where(BOOKINGS.c.sid == slot.sid, BOOKINGS.c.status != "cancelled", BOOKINGS.c.visibility == "public")
        .where(RESERVATIONS.c.date == slot.start.date(), BOOKINGS.c.bid != instead_of)
        .where(RESERVATIONS.c.time_start < clock(slot.till), RESERVATIONS.c.time_end > clock(slot.from_midnight))
        .distinct()
    )
    booked = sum(row["quantity"] for row in db.execute(found).mappings())
    if booked and (not square["capacity_heterogenic"] or booked >= square["capacity"]):
        raise Refused("court_taken", "The court is taken then.")


def active(db: Connection, uid: int, now: datetime, instead_of: int) -> int:
    """Reservations of the member that lie ahead, on every square."""
    found = (
        select(func.count())
        .select_from(RESERVATIONS)
        .join(BOOKINGS, BOOKINGS.c.bid == RESERVATIONS.c.bid)
        .where(BOOKINGS.c.uid == uid, BOOKINGS.c.status != "cancelled", BOOKINGS.c.visibility == "public")
        .where(func.timestamp(RESERVATIONS.c.date, RESERVATIONS.c.time_start) > now, BOOKINGS.c.bid != instead_of)
    )
    return int(db.scalar(found) or 0)


def check_cancellable(db: Connection, bid: int, now: datetime) -> int:
    """The member whose booking it is. Raise Refused."""
    booking = db.execute(select(BOOKINGS).where(BOOKINGS.c.bid == bid).with_for_update()).mappings().first()
    if booking is None or booking["status"] == "cancelled":
        raise Refused("no_such_booking", "There is no such booking any more.")
    if booking["status"] == "subscription":
        raise Refused("subscription", "It belongs to a subscription, which the office changes in the booking system.")
    square = db.execute(select(SQUARES).where(SQUARES.c.sid == booking["sid"])).mappings().one()
    first = db.execute(
        select(RESERVATIONS).where(RESERVATIONS.c.bid == bid).order_by(RESERVATIONS.c.date, RESERVATIONS.c.time_start).limit(1)
    ).mappings().first()  # fmt: skip
    if first is not None:
        start = datetime.combine(first["date"], datetime.min.time()) + first["time_start"]
        if not square["range_cancel"] or start <= now + timedelta(seconds=square["range_cancel"]):
            raise Refused("deadline_passed", "The deadline for cancelling has passed.")
    return int(booking["uid"])
