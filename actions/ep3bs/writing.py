"""What members may have done for them in ep3-bs, each within one transaction that the caller ends."""

import base64
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import bcrypt
from sqlalchemy import Connection, CursorResult, delete, insert, select, update

from actions.ep3bs.reading import Json, account_of, booking_numbered, user_named
from actions.ep3bs.rules import Slot, check_bookable, check_cancellable
from actions.ep3bs.tables import BILLS, BOOKING_META, BOOKINGS, RESERVATIONS, USER_META, USERS
from actions.outcomes import Refused

NAME = re.compile(r"^(?=.{3,128}$)(?!\d+$)(?!.*\(\d+\)).+$")
ADDRESS = re.compile(r"^(?P<street>.{2,}?),?\s+(?P<zip>\d{4,6})\s+(?P<city>.{3,})$")
COST = 6  # of bcrypt, as ep3-bs has it


@dataclass(frozen=True)
class Counter:
    """`now` is local and naive, as all times there are. Every action raises Refused where its rules do not allow it."""

    web: str
    timezone: ZoneInfo
    now: datetime

    def create_account(self, db: Connection, p: Mapping[str, Any]) -> Json:
        check_name(str(p["username"]))
        self.check_free(db, alias=str(p["username"]))
        self.check_free(db, email=str(p["email"]))
        hashed = random_hash()
        made = db.execute(
            insert(USERS).values(alias=p["username"], status="enabled", email=p["email"], pw=hashed, created=self.now)
        )
        uid = new_id(made)
        self.write_meta(db, uid, {**names(str(p["full_name"])), "phone": str(p.get("phone") or "")})
        return {**account_of(db, user_named(db, str(p["username"]))), "set_password_url": self.reset_link(uid, hashed)}

    def reset_password(self, db: Connection, p: Mapping[str, Any]) -> Json:
        """The link of its own page, made of the present password's salt: it holds until the password changes."""
        user = user_named(db, str(p["username"]))
        if user["status"] in ("assist", "admin"):
            raise Refused(
                "not_allowed", f"{user['alias']} works for the club: such a password is reset by an admin there."
            )
        if user["status"] not in ("enabled", "disabled"):
            raise Refused("not_active", f"The account {user['alias']} is {user['status']}.")
        hashed = user["pw"] or random_hash()
        values = {"pw": hashed, "login_attempts": None, "login_detent": None}
        db.execute(update(USERS).where(USERS.c.uid == user["uid"]).values(values))
        return {"username": user["alias"], "reset_url": self.reset_link(user["uid"], hashed), "expires_at": ""}

    def update_account(self, db: Connection, p: Mapping[str, Any]) -> Json:
        user = user_named(db, str(p["username"]))
        meta: dict[str, str] = names(str(p["full_name"])) if p.get("full_name") else {}
        if p.get("address"):
            meta |= address_parts(str(p["address"]))
        if p.get("phone"):
            meta["phone"] = str(p["phone"])
        if p.get("email") and p["email"] != user["email"]:
            self.check_free(db, email=str(p["email"]))
            db.execute(update(USERS).where(USERS.c.uid == user["uid"]).values(email=p["email"]))
        self.write_meta(db, user["uid"], meta)
        return account_of(db, user_named(db, user["alias"]))

    def delete_account(self, db: Connection, p: Mapping[str, Any]) -> Json:
        """As its own pages do: the row stays, marked; its old activation link must not bring it back."""
        user = user_named(db, str(p["username"]))
        if user["status"] in ("assist", "admin"):
            raise Refused("not_allowed", f"{user['alias']} works for the club: an admin there deletes such an account.")
        if self.open_reservations(db, user["uid"]):
            raise Refused("open_bookings", f"{user['alias']} has open bookings.")
        owed = select(BILLS.c.bbid).join(BOOKINGS, BOOKINGS.c.bid == BILLS.c.bid).where(BOOKINGS.c.uid == user["uid"])
        if db.execute(owed.where(BOOKINGS.c.status_billing == "pending", BOOKINGS.c.status != "cancelled")).first():
            raise Refused("unpaid_bills", f"{user['alias']} has unpaid bills.")
        erased = account_of(db, user)
        db.execute(update(USERS).where(USERS.c.uid == user["uid"]).values(status="deleted"))
        self.write_meta(db, user["uid"], {"status_before_reactivation": "deleted"})
        return erased

    def create_booking(self, db: Connection, p: Mapping[str, Any]) -> Json:
        user, slot = user_named(db, str(p["username"])), self.slot(p)
        check_bookable(db, slot, user["uid"], self.now)
        made = db.execute(
            insert(BOOKINGS).values(
                uid=user["uid"], sid=slot.sid, status="single", status_billing="pending", visibility="public", quantity=1,
                created=self.now,
            )
        )  # fmt: skip
        bid = new_id(made)
        db.execute(insert(BOOKING_META).values(bid=bid, key="player-names", value="N;"))  # PHP's serialised null
        db.execute(insert(RESERVATIONS).values(bid=bid, **slot.row()))
        return booking_numbered(db, bid, self.timezone)

    def cancel_booking(self, db: Connection, p: Mapping[str, Any]) -> Json:
        bid = int(p["booking_id"])
        check_cancellable(db, bid, self.now)
        db.execute(update(BOOKINGS).where(BOOKINGS.c.bid == bid).values(status="cancelled"))
        for key, value in (("cancellor", "Courtdesk"), ("cancelled", f"{self.now:%Y-%m-%d %H:%M:%S}")):
            db.execute(insert(BOOKING_META).values(bid=bid, key=key, value=value))
        return {"id": bid, "status": "cancelled", "fee": "0.00"}

    def move_booking(self, db: Connection, p: Mapping[str, Any]) -> Json:
        """Its members cannot move a booking; whoever may cancel the old slot and book the new one may here."""
        bid = int(p["booking_id"])
        uid = check_cancellable(db, bid, self.now)
        if db.execute(select(BILLS.c.bbid).where(BILLS.c.bid == bid)).first():
            raise Refused(
                "billed", "The booking has a bill, which would no longer fit: change it in the booking system."
            )
        slot = self.slot(p)
        check_bookable(db, slot, uid, self.now, instead_of=bid)
        db.execute(update(BOOKINGS).where(BOOKINGS.c.bid == bid).values(sid=slot.sid))
        db.execute(update(RESERVATIONS).where(RESERVATIONS.c.bid == bid).values(**slot.row()))
        return booking_numbered(db, bid, self.timezone)

    def open_reservations(self, db: Connection, uid: int) -> Sequence[Any]:
        found = (
            select(RESERVATIONS.c.rid)
            .join(BOOKINGS, BOOKINGS.c.bid == RESERVATIONS.c.bid)
            .where(BOOKINGS.c.uid == uid, BOOKINGS.c.status != "cancelled", RESERVATIONS.c.date >= self.now.date())
        )
        return db.execute(found).all()

    def check_free(self, db: Connection, *, alias: str = "", email: str = "") -> None:
        """Of every user, deleted ones too: two with one address could not sign in any more."""
        column, value = (USERS.c.alias, alias) if alias else (USERS.c.email, email)
        if db.execute(select(USERS.c.uid).where(column == value).limit(1)).first():
            raise Refused("username_taken" if alias else "email_taken", f"{value} is taken.")

    def write_meta(self, db: Connection, uid: int, meta: Mapping[str, str]) -> None:
        """One row for each key; an empty value is none."""
        for key, value in meta.items():
            db.execute(delete(USER_META).where(USER_META.c.uid == uid, USER_META.c.key == key))
            if value:
                db.execute(insert(USER_META).values(uid=uid, key=key, value=value))

    def slot(self, p: Mapping[str, Any]) -> Slot:
        moments = (datetime.fromisoformat(str(p[name])) for name in ("start", "end"))
        start, end = (moment.astimezone(self.timezone).replace(tzinfo=None) for moment in moments)
        return Slot(int(p["court"]), start, end)

    def reset_link(self, uid: int, hashed: str) -> str:
        code = base64.b64encode(hashed[16:24].encode()).decode()
        return f"{self.web}/user/password-reset?id={uid}&code={quote(code)}"


def check_name(alias: str) -> None:
    if not NAME.match(alias.strip()):
        raise Refused("unusable", "A user name there has three letters or more, is no number, and holds no (number).")


def names(full_name: str) -> dict[str, str]:
    first, _, last = full_name.strip().partition(" ")
    return {"firstname": first, "lastname": last, "name": ""} if last else {"name": first}


def address_parts(address: str) -> dict[str, str]:
    found = ADDRESS.match(" ".join(address.split()))
    if found is None:
        raise Refused("unusable", "The address must be street, postcode and town, such as Elm Road 4, 12345 Westpark.")
    return found.groupdict()


def random_hash() -> str:
    """A password that nobody knows, in the form that PHP reads."""
    hashed = bcrypt.hashpw(secrets.token_bytes(32).hex().encode()[:72], bcrypt.gensalt(COST)).decode()
    return "$2y$" + hashed[4:]


def new_id(result: CursorResult[Any]) -> int:
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])
