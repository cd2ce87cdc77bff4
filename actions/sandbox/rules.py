"""What the demo club allows. Each refusal has a status, a code for programs, and a sentence for people."""

from datetime import datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from actions.sandbox.seed import Rules
from actions.sandbox.tables import Account, Booking, Court


class Refused(Exception):
    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


def account(session: Session, username: str) -> Account:
    found = session.get(Account, username)
    if found is None:
        raise Refused(404, "no_such_account", f"There is no account {username}.")
    return found


def check_deletable(session: Session, member: Account, now: datetime) -> None:
    if member.unpaid:
        raise Refused(409, "unpaid_bills", f"{member.username} has an unpaid bill.")
    if open_bookings(session, member.username, now):
        raise Refused(409, "open_bookings", f"{member.username} still has open bookings.")


def open_bookings(session: Session, username: str, now: datetime) -> int:
    mine = select(func.count()).where(Booking.username == username, Booking.status == "booked", Booking.end > now)
    return session.scalar(mine) or 0


def check_new_booking(session: Session, booking: Booking, rules: Rules, now: datetime) -> None:
    member = account(session, booking.username)
    if member.status != "active":
        raise Refused(422, "inactive", f"The account {member.username} is not active.")
    if open_bookings(session, booking.username, now) >= rules.max_open_bookings:
        raise Refused(
            422, "limit", f"{member.username} already has {rules.max_open_bookings} open bookings, the most allowed."
        )
    check_slot(session, booking, rules, now)


def check_slot(session: Session, booking: Booking, rules: Rules, now: datetime) -> None:
    """Raise Refused where the court does not exist, is closed, or is taken."""
    if session.get(Court, booking.court) is None:
        raise Refused(422, "no_such_court", f"There is no court {booking.court}.")
    start, end = booking.start.astimezone(rules.zone), booking.end.astimezone(rules.zone)
    opens, closes = time.fromisoformat(rules.opens), time.fromisoformat(rules.closes)
    if end <= start or start.date() != end.date() or start.time() < opens or end.time() > closes:
        raise Refused(422, "outside_hours", f"Courts are open from {rules.opens} to {rules.closes}.")
    if start <= now:
        raise Refused(422, "in_the_past", "That time is already over.")
    if start > now + timedelta(days=rules.max_days_ahead):
        raise Refused(422, "too_far_ahead", f"Courts can be booked at most {rules.max_days_ahead} days ahead.")
    taken = select(Booking.id).where(
        Booking.court == booking.court,
        Booking.status == "booked",
        Booking.id != (booking.id or 0),
        Booking.start < booking.end,
        Booking.end > booking.start,
    )
    with session.no_autoflush:
        if session.scalar(taken) is not None:
            raise Refused(409, "court_taken", "The court is already taken at that time.")


def check_cancellable(booking: Booking, rules: Rules, now: datetime) -> None:
    if booking.start - now < timedelta(hours=rules.cancellation_deadline_hours):
        raise Refused(
            422,
            "deadline_passed",
            f"Bookings can be cancelled until {rules.cancellation_deadline_hours} hours before they begin.",
        )
