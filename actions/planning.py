"""One proposal, worked out by looking things up in the club: parameters, facts with their origin, checks."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol, TypeVar

from actions.catalog import ActionKind
from db.desk import DeclaredAction, Desk
from db.drafts import PLACEHOLDER
from db.models import now
from db.plans import Asked, Check, Fact, Plan

Json = dict[str, Any]
T = TypeVar("T")
USUAL_MINUTES = 60
LONGEST_MINUTES = 24 * 60


class Club(Protocol):
    """What may be asked of the club. Every call raises Unreachable where it does not answer."""

    def accounts(self, *, username: str = "", email: str = "") -> list[Json]: ...
    def courts(self) -> list[Json]: ...
    def bookings(self, *, username: str = "", start: datetime, end: datetime | None = None) -> list[Json]: ...


class CannotPlan(Exception):
    """The action cannot be carried out as it stands; the message is the reason that the page shows."""


@dataclass
class Planner:
    """Collects facts and checks while it looks things up for one action."""

    asked: Asked
    desk: Desk
    club: Club
    kind: ActionKind

    def __post_init__(self) -> None:
        self.facts: list[Fact] = []
        self.checks: list[Check] = []
        self.to = self.asked.from_email
        self.username = self.asked.username
        self.court_name = ""
        self.known: bool | None = None
        self.declared = self.desk.declared(self.kind.name)

    def params(self) -> Json:
        work = {
            "create_account": self.create_account,
            "update_account": self.update_account,
            "create_booking": self.create_booking,
            "cancel_booking": self.cancel_booking,
            "move_booking": self.move_booking,
        }.get(self.kind.name, self.on_account)
        return work() if self.declared is None else self.as_declared(self.declared)

    def plan(self, params: Json) -> Plan:
        return Plan(
            self.kind.name,
            params,
            self.to,
            tuple(self.facts),
            tuple(self.checks),
            username=self.username,
            court=self.court_name,
            known=self.known,
            blocked=self.unfillable(),
        )

    def unfillable(self) -> str:
        """Why the reply could never be sent: it waits for something that this action does not give."""
        holes = sorted(set(PLACEHOLDER.findall(self.asked.reply)) - self.kind.fills)
        return f"The reply waits for {{{holes[0]}}}, which “{self.kind.label.lower()}” never gives." if holes else ""

    def without_action(self, reason: str) -> Plan:
        """A reply that only asks may go without the action; one that waits for its result may not."""
        waits = bool(PLACEHOLDER.search(self.asked.reply))
        label = self.kind.label.lower()
        blocked = f"Cannot {label}: {reason}" if waits else ""
        note = "" if waits else f"Reply only: {reason}."
        checks = tuple(self.checks)
        return Plan("", {}, self.to, tuple(self.facts), checks, blocked, note, self.username, known=self.known)

    def account(self) -> Json:
        """The account that the proposal names, or else the one that the sender's address belongs to."""
        if self.username:
            found, origin = self.club.accounts(username=self.username), "mail"
            self.known = bool(found)
        else:
            found, origin = self.club.accounts(email=self.asked.from_email), "looked_up"
            if len(found) != 1:
                raise CannotPlan("the mail names no user name")
        if not found:
            self.facts.append(Fact("User name", self.username, "mail"))
            raise CannotPlan(f"the club knows no account {self.username}")
        account = found[0]
        self.username = str(account["username"])
        note = "" if origin == "mail" else "by the sender's address"
        self.facts.append(Fact("User name", self.username, origin, note))  # type: ignore[arg-type]
        self.facts.append(Fact("Account of", f"{account['full_name']}, {account['status']}", "looked_up"))
        expected = self.declared.expects if self.declared else "active"
        self.checks.append(Check(account["status"] == expected, f"{self.username} is {account['status']}"))
        owns = str(account["email"]).casefold() == self.asked.from_email.casefold()
        words = (
            "the sender's address is the one on file" if owns else f"{self.asked.from_email} is not the address on file"
        )
        self.checks.append(Check(owns, words))
        return account

    def on_account(self) -> Json:
        account = self.account()
        self.to = str(account["email"])
        self.facts.append(Fact("Answer goes to", self.to, "looked_up", "the address on file"))
        return {"username": self.username}

    def as_declared(self, action: DeclaredAction) -> Json:
        """What desk.toml asks for: the account, and the stated keys out of the mail."""
        params = self.on_account()
        for key in action.body:
            if not self.asked.details.get(key):
                raise CannotPlan(f"the mail does not say the {key.replace('_', ' ')}")
            params[key] = self.asked.details[key]
            self.facts.append(Fact(key.replace("_", " ").capitalize(), params[key], "mail"))
        return params

    def update_account(self) -> Json:
        params = self.on_account()
        changes = {
            key: self.asked.details[key]
            for key in ("full_name", "email", "phone", "address")
            if self.asked.details.get(key)
        }
        if not changes:
            raise CannotPlan("the mail does not say what is to be changed")
        self.facts += [Fact(f"New {key.replace('_', ' ')}", value, "mail") for key, value in changes.items()]
        return {**params, **changes}

    def create_account(self) -> Json:
        if not self.username:
            raise CannotPlan("the mail names no wished user name")
        details = self.asked.details
        email = details.get("email") or self.asked.from_email
        params = {"username": self.username, "full_name": details.get("full_name", ""), "email": email}
        self.facts += [Fact("User name", self.username, "mail"), Fact("Name", params["full_name"], "mail")]
        self.facts.append(
            Fact(
                "E-mail",
                email,
                "mail" if details.get("email") else "assumed",
                "" if details.get("email") else "the sender's address",
            )
        )
        self.to = email
        if not params["full_name"]:
            raise CannotPlan("the mail does not say the full name")
        if details.get("phone"):
            params["phone"] = details["phone"]
            self.facts.append(Fact("Phone", details["phone"], "mail"))
        taken = bool(self.club.accounts(username=self.username))
        if taken:
            raise CannotPlan(f"the user name {self.username} is taken")
        self.checks.append(Check(True, f"{self.username} is free"))
        return params

    def create_booking(self) -> Json:
        self.account()
        start = self.moment("date", "time")
        if start is None:
            raise CannotPlan("the mail does not say day and time")
        minutes = self.minutes() or USUAL_MINUTES
        end = start + timedelta(minutes=minutes)
        self.facts.append(Fact("When", spoken(start), "mail"))
        self.facts.append(
            Fact("How long", f"{minutes} minutes", "mail" if "duration_minutes" in self.asked.details else "assumed")
        )
        taken = {row["court"] for row in self.club.bookings(start=start, end=end)}
        wished = self.asked.details.get("court", "")
        court = self.court(wished) if wished else self.free_court(taken)
        self.facts.append(
            Fact("Court", court["name"], "mail" if wished else "assumed", "" if wished else "the first that is free")
        )
        self.check_free(court, taken)
        return {"username": self.username, "court": court["id"], "start": start.isoformat(), "end": end.isoformat()}

    def cancel_booking(self) -> Json:
        self.account()
        booking = self.booking()
        return {"booking_id": booking["id"], "court": booking["court"], "start": booking["start"]}

    def move_booking(self) -> Json:
        self.account()
        booking, details = self.booking(), self.asked.details
        old, old_end = (datetime.fromisoformat(booking[k]).astimezone(self.desk.timezone) for k in ("start", "end"))
        if not any(details.get(key) for key in ("new_date", "new_time", "new_court", "duration_minutes")):
            raise CannotPlan("the mail does not say where to move it")
        day, clock = self.day("new_date") or old.date(), self.clock("new_time") or old.time()
        start = datetime.combine(day, clock, tzinfo=self.desk.timezone)
        minutes = self.minutes()
        length = timedelta(minutes=minutes) if minutes else old_end - old
        court = self.court(details.get("new_court") or str(booking["court"]))
        self.facts += [
            Fact("To", spoken(start), "mail"),
            Fact("On", court["name"], "mail" if details.get("new_court") else "looked_up"),
        ]
        taken = {
            row["court"] for row in self.club.bookings(start=start, end=start + length) if row["id"] != booking["id"]
        }
        self.check_free(court, taken)
        return {
            "booking_id": booking["id"],
            "court": court["id"],
            "start": start.isoformat(),
            "end": (start + length).isoformat(),
        }

    def booking(self) -> Json:
        """The one booking of the member that fits all that the mail says."""
        mine = self.club.bookings(username=self.username, start=now())
        fitting = [row for row in mine if self.fits(row)]
        if not fitting:
            raise CannotPlan(
                f"{self.username} has no booking that fits" if mine else f"{self.username} has no open booking"
            )
        if len(fitting) > 1:
            raise CannotPlan(f"{len(fitting)} bookings of {self.username} fit; the mail must say which")
        found = fitting[0]
        start = datetime.fromisoformat(found["start"]).astimezone(self.desk.timezone)
        self.facts.append(
            Fact(
                "Booking",
                f"{spoken(start)}, {self.court(str(found['court']))['name']}",
                "looked_up",
                f"number {found['id']}",
            )
        )
        return found

    def fits(self, row: Mapping[str, Any]) -> bool:
        details = self.asked.details
        start = datetime.fromisoformat(row["start"]).astimezone(self.desk.timezone)
        number = re.sub(r"\D", "", details.get("booking_ref", ""))
        return (
            (not number or number == str(row["id"]))
            and (not details.get("date") or details["date"] == start.date().isoformat())
            and (not details.get("time") or details["time"] == f"{start:%H:%M}")
            and (not details.get("court") or self.court(details["court"])["id"] == row["court"])
        )

    def court(self, words: str) -> Json:
        wanted = court_key(words)
        for court in self.club.courts():
            if wanted in (court_key(str(court["id"])), court_key(str(court["name"]))):
                self.court_name = str(court["name"])
                return court
        raise CannotPlan(f"the club has no court {words}")

    def check_free(self, court: Json, taken: set[str]) -> None:
        """Note whether the court is free. Raise CannotPlan where it is not."""
        is_taken = court["id"] in taken
        self.checks.append(Check(not is_taken, f"{court['name']} is {'taken' if is_taken else 'free'} then"))
        if is_taken:
            raise CannotPlan(f"{court['name']} is taken at that time")

    def free_court(self, taken: set[str]) -> Json:
        for court in self.club.courts():
            if court["id"] not in taken:
                self.court_name = str(court["name"])
                return court
        raise CannotPlan("every court is taken at that time")

    def moment(self, day: str, clock: str) -> datetime | None:
        then = self.day(day), self.clock(clock)
        return None if then[0] is None or then[1] is None else datetime.combine(*then, tzinfo=self.desk.timezone)  # type: ignore[arg-type]

    # What staff typed into a field may be anything: what cannot be read is said in the plan, and stops nothing else.

    def day(self, key: str) -> date | None:
        return self.read(key, date.fromisoformat, "a day such as 2026-05-19")

    def clock(self, key: str) -> time | None:
        return self.read(key, time.fromisoformat, "a time such as 18:30")

    def minutes(self) -> int | None:
        found = self.read("duration_minutes", int, "a number of minutes")
        if found is not None and not 0 < found <= LONGEST_MINUTES:
            raise CannotPlan(f"{found} is not a number of minutes between 1 and {LONGEST_MINUTES}")
        return found

    def read(self, key: str, as_value: Callable[[str], T], wanted: str) -> T | None:
        stated = self.asked.details.get(key, "")
        try:
            return as_value(stated) if stated else None
        except ValueError as error:
            raise CannotPlan(f"{stated} is not {wanted}") from error


def court_key(words: str) -> str:
    """ "Court 3", "3" and "Platz 3" are one court; so are "Halle 1" and "Indoor 1"."""
    key = re.sub(r"\b(court|platz|no\.?|nr\.?)\b", "", words.casefold())
    return re.sub(r"\s+", "", key.replace("halle", "indoor"))


def spoken(moment: datetime) -> str:
    return f"{moment:%A} {moment.day} {moment:%B}, {moment:%H:%M}"
