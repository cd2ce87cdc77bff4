"""The demo club's courts and bookings."""

from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.sandbox import rules
from actions.sandbox.counter import Counter, Json, Key
from actions.sandbox.rules import Refused
from actions.sandbox.seed import Rules
from actions.sandbox.tables import Booking, Court


class NewBooking(BaseModel):
    username: str
    court: str
    start: AwareDatetime
    end: AwareDatetime


class BookingChange(BaseModel):
    court: str | None = None
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None


def booking_routes(counter: Counter) -> APIRouter:
    routes = APIRouter()

    @routes.get("/courts")
    def courts() -> list[Json]:
        with counter.database.transaction() as session:
            return [{"id": row.id, "name": row.name} for row in session.scalars(select(Court).order_by(Court.id))]

    @routes.get("/bookings")
    def bookings(request: Request, username: str = "") -> list[Json]:
        found = select(Booking).where(Booking.status == "booked").order_by(Booking.start)
        if username:
            found = found.where(Booking.username == username)
        if earliest := request.query_params.get("from"):
            found = found.where(Booking.end > moment(earliest, counter.rules))
        if latest := request.query_params.get("to"):
            found = found.where(Booking.start < moment(latest, counter.rules))
        with counter.database.transaction() as session:
            return [booking_json(row, counter.rules) for row in session.scalars(found)]

    @routes.post("/bookings")
    def create_booking(request: Request, body: NewBooking, key: Key) -> JSONResponse:
        def work(session: Session) -> tuple[int, Json]:
            made = Booking(**body.model_dump(), status="booked")
            rules.check_new_booking(session, made, counter.rules, counter.clock())
            session.add(made)
            session.flush()
            return 201, booking_json(made, counter.rules)

        return counter.once(request, body.model_dump(mode="json"), key, work)

    @routes.patch("/bookings/{booking_id}")
    def move_booking(request: Request, booking_id: int, body: BookingChange, key: Key) -> JSONResponse:
        def work(session: Session) -> tuple[int, Json]:
            booking = booked(session, booking_id)
            length = booking.end - booking.start
            booking.court = body.court or booking.court
            booking.start = body.start or booking.start
            booking.end = body.end or (booking.start + length)
            rules.check_slot(session, booking, counter.rules, counter.clock())
            return 200, booking_json(booking, counter.rules)

        return counter.once(request, body.model_dump(mode="json"), key, work)

    @routes.delete("/bookings/{booking_id}")
    def cancel_booking(request: Request, booking_id: int, key: Key) -> JSONResponse:
        def work(session: Session) -> tuple[int, Json]:
            booking = booked(session, booking_id)
            rules.check_cancellable(booking, counter.rules, counter.clock())
            booking.status = "cancelled"
            return 200, {"id": booking.id, "status": "cancelled", "fee": "0.00"}

        return counter.once(request, {}, key, work)

    return routes


def booked(session: Session, booking_id: int) -> Booking:
    found = session.get(Booking, booking_id)
    if found is None or found.status != "booked":
        raise Refused(404, "no_such_booking", f"There is no open booking {booking_id}.")
    return found


def moment(words: str, club: Rules) -> datetime:
    """A query's `from` or `to`: a moment with offset, or a day of the club's calendar. Refused where neither."""
    try:
        then = datetime.fromisoformat(words.replace(" ", "+"))  # an offset's + that a client left unescaped
    except ValueError as error:
        raise Refused(422, "unreadable_time", f"{words} is not an RFC 3339 time.") from error
    return then if then.tzinfo else then.replace(tzinfo=club.zone)


def booking_json(row: Booking, club: Rules) -> Json:
    times = {name: getattr(row, name).astimezone(club.zone).isoformat() for name in ("start", "end")}
    return {"id": row.id, "username": row.username, "court": row.court, **times, "status": row.status}
