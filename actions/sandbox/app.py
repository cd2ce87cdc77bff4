"""The demo club's HTTP API: accounts, courts, bookings, every write once for each idempotency key."""

import hashlib
import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Request
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.sandbox import rules
from actions.sandbox.rules import Refused
from actions.sandbox.seed import Rules, read_rules, seed
from actions.sandbox.tables import Account, Booking, ClubDatabase, Court, Effect

Json = dict[str, Any]
Work = Callable[[Session], tuple[int, Json]]


class NewAccount(BaseModel):
    username: str = Field(min_length=1, max_length=80)
    full_name: str = Field(min_length=1)
    email: str = Field(pattern=r".+@.+")
    phone: str = ""


class AccountChange(BaseModel):
    full_name: str | None = None
    email: str | None = Field(default=None, pattern=r".+@.+")
    phone: str | None = None
    address: str | None = None


class NewBooking(BaseModel):
    username: str
    court: str
    start: AwareDatetime
    end: AwareDatetime


class BookingChange(BaseModel):
    court: str | None = None
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None


class Grant(BaseModel):
    system: str = Field(min_length=1)


def create_app(path: Path, token: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> FastAPI:
    """The club over the SQLite file at `path`; every call but /healthz needs the bearer token."""
    database, club = ClubDatabase(path), read_rules()
    seed(database, clock())

    def signed_in(authorization: Annotated[str, Header()] = "") -> None:
        if not secrets.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            raise Refused(401, "unauthorized", "The bearer token is missing or wrong.")

    def once(request: Request, body: Json, key: str, work: Work) -> JSONResponse:
        """Do the work once for this key; the same key with the same body repeats the first answer."""
        asked = json.dumps([request.method, request.url.path, body], sort_keys=True, default=str)
        fingerprint = hashlib.sha256(asked.encode()).hexdigest()
        try:
            with database.transaction() as session:
                before = session.get(Effect, key)
                if before is not None:
                    if before.fingerprint != fingerprint:
                        raise Refused(422, "key_reused", "This Idempotency-Key was used for another request.")
                    return JSONResponse(before.body, before.status)
                status, answer = work(session)
                session.add(Effect(key=key, fingerprint=fingerprint, status=status, body=answer, at=clock()))
                return JSONResponse(answer, status)
        except Refused as refusal:
            return problem(refusal)

    app = FastAPI(title="Demo club", dependencies=[])
    guard = [Depends(signed_in)]
    Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1)]

    @app.exception_handler(Refused)
    def refused(request: Request, refusal: Refused) -> JSONResponse:
        return problem(refusal)

    @app.get("/healthz")
    def health() -> Json:
        return {"status": "ok"}

    @app.get("/accounts", dependencies=guard)
    def accounts(username: str = "", email: str = "") -> list[Json]:
        found = select(Account).order_by(Account.username)
        if username:
            found = found.where(Account.username == username)
        if email:
            found = found.where(Account.email.ilike(email))
        with database.transaction() as session:
            return [account_json(row) for row in session.scalars(found)]

    @app.post("/accounts", dependencies=guard)
    def create_account(request: Request, body: NewAccount, key: Key) -> JSONResponse:
        def work(session: Session) -> tuple[int, Json]:
            if session.get(Account, body.username) is not None:
                raise Refused(409, "username_taken", f"The user name {body.username} is taken.")
            made = Account(
                **body.model_dump(), status="active", member_since=clock().date().isoformat(), address="", unpaid=False
            )
            session.add(made)
            return 201, {**account_json(made), "set_password_url": link("welcome")}

        return once(request, body.model_dump(), key, work)

    @app.patch("/accounts/{username}", dependencies=guard)
    def update_account(request: Request, username: str, body: AccountChange, key: Key) -> JSONResponse:
        def work(session: Session) -> tuple[int, Json]:
            member = rules.account(session, username)
            for name, value in body.model_dump(exclude_none=True).items():
                setattr(member, name, value)
            return 200, account_json(member)

        return once(request, body.model_dump(), key, work)

    @app.delete("/accounts/{username}", dependencies=guard)
    def delete_account(request: Request, username: str, key: Key) -> JSONResponse:
        def work(session: Session) -> tuple[int, Json]:
            member = rules.account(session, username)
            rules.check_deletable(session, member, clock())
            erased = account_json(member)
            session.delete(member)
            return 200, {"username": username, "erased": sorted(erased)}

        return once(request, {}, key, work)

    @app.post("/accounts/{username}/password-reset", dependencies=guard)
    def reset_password(request: Request, username: str, key: Key) -> JSONResponse:
        def work(session: Session) -> tuple[int, Json]:
            rules.account(session, username)
            expires = clock() + timedelta(hours=24)
            return 200, {"reset_url": link("reset"), "expires_at": expires.isoformat(timespec="seconds")}

        return once(request, {}, key, work)

    @app.post("/accounts/{username}/unlock", dependencies=guard)
    def unlock_account(request: Request, username: str, key: Key) -> JSONResponse:
        def work(session: Session) -> tuple[int, Json]:
            member = rules.account(session, username)
            member.status = "active"
            return 200, account_json(member)

        return once(request, {}, key, work)

    @app.post("/accounts/{username}/grants", dependencies=guard)
    def grant_access(request: Request, username: str, body: Grant, key: Key) -> JSONResponse:
        def work(session: Session) -> tuple[int, Json]:
            return 200, {**account_json(rules.account(session, username)), "system": body.system}

        return once(request, body.model_dump(), key, work)

    @app.get("/courts", dependencies=guard)
    def courts() -> list[Json]:
        with database.transaction() as session:
            return [{"id": row.id, "name": row.name} for row in session.scalars(select(Court).order_by(Court.id))]

    @app.get("/bookings", dependencies=guard)
    def bookings(request: Request, username: str = "") -> list[Json]:
        found = select(Booking).where(Booking.status == "booked").order_by(Booking.start)
        if username:
            found = found.where(Booking.username == username)
        if earliest := request.query_params.get("from"):
            found = found.where(Booking.end > moment(earliest, club))
        if latest := request.query_params.get("to"):
            found = found.where(Booking.start < moment(latest, club))
        with database.transaction() as session:
            return [booking_json(row, club) for row in session.scalars(found)]

    @app.post("/bookings", dependencies=guard)
    def create_booking(request: Request, body: NewBooking, key: Key) -> JSONResponse:
        def work(session: Session) -> tuple[int, Json]:
            made = Booking(**body.model_dump(), status="booked")
            rules.check_new_booking(session, made, club, clock())
            session.add(made)
            session.flush()
            return 201, booking_json(made, club)

        return once(request, body.model_dump(mode="json"), key, work)

    @app.patch("/bookings/{booking_id}", dependencies=guard)
    def move_booking(request: Request, booking_id: int, body: BookingChange, key: Key) -> JSONResponse:
        def work(session: Session) -> tuple[int, Json]:
            booking = booked(session, booking_id)
            length = booking.end - booking.start
            booking.court = body.court or booking.court
            booking.start = body.start or booking.start
            booking.end = body.end or (booking.start + length)
            rules.check_slot(session, booking, club, clock())
            return 200, booking_json(booking, club)

        return once(request, body.model_dump(mode="json"), key, work)

    @app.delete("/bookings/{booking_id}", dependencies=guard)
    def cancel_booking(request: Request, booking_id: int, key: Key) -> JSONResponse:
        def work(session: Session) -> tuple[int, Json]:
            booking = booked(session, booking_id)
            rules.check_cancellable(booking, club, clock())
            booking.status = "cancelled"
            return 200, {"id": booking.id, "status": "cancelled", "fee": "0.00"}

        return once(request, {}, key, work)

    return app


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


def link(kind: str) -> str:
    return f"https://club.example/{kind}/{secrets.token_urlsafe(18)}"


def account_json(row: Account) -> Json:
    names = ("username", "full_name", "email", "phone", "address", "status", "member_since")
    return {name: getattr(row, name) for name in names}


def booking_json(row: Booking, club: Rules) -> Json:
    times = {name: getattr(row, name).astimezone(club.zone).isoformat() for name in ("start", "end")}
    return {"id": row.id, "username": row.username, "court": row.court, **times, "status": row.status}


def problem(refusal: Refused) -> JSONResponse:
    """RFC 9457 problem details."""
    body = {
        "type": "about:blank",
        "title": refusal.code,
        "status": refusal.status,
        "detail": refusal.detail,
        "code": refusal.code,
    }
    return JSONResponse(body, refusal.status, media_type="application/problem+json")
