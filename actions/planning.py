"""One proposal, worked out by looking things up in the club: parameters, facts with their origin, checks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from actions.kind import ActionKind, Club, Json
from actions.standing import standing
from actions.stated import CannotPlan, Stated, court_key, spoken
from db.desk import DeclaredAction, Desk
from db.drafts import PLACEHOLDER
from db.models import now
from db.plans import Asked, Check, Fact, Plan

USUAL_MINUTES = 60
MOST_CHOICES = 12


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
        self.stated = Stated(self.asked.details, self.desk.timezone)
        self.doubt = self.on_file = ""
        self.ways: tuple[str, ...] = ()
        self.choices: tuple[tuple[int, str], ...] = ()

    def params(self) -> Json:
        return self.kind.plan(self)

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
            blocked=self.unfillable() or (f"Not yet: {self.doubt}" if self.doubt else ""),
            doubt=self.doubt,
            ways=self.ways,
            on_file=self.on_file,
            on_account=self.kind.on_account,
        )

    def unfillable(self) -> str:
        """Why the reply could never be sent: it waits for something that this action does not give."""
        holes = sorted(set(PLACEHOLDER.findall(self.asked.reply)) - self.kind.fills)
        return f"The reply waits for {{{holes[0]}}}, which “{self.kind.label.lower()}” never gives." if holes else ""

    def without_action(self, reason: str, missing: str = "") -> Plan:
        """A reply that only asks may go without the action; one that waits for its result may not."""
        waits = bool(PLACEHOLDER.search(self.asked.reply))
        label = self.kind.label.lower()
        blocked = f"Cannot {label}: {reason}" if waits else ""
        note = "" if waits else f"Reply only: {reason}."
        checks = tuple(self.checks)
        return Plan(
            "",
            {},
            self.asked.from_email,
            tuple(self.facts),
            checks,
            blocked,
            missing,
            note,
            self.username,
            known=self.known,
            on_file=self.on_file,
            choices=self.choices,
        )

    def account(self) -> Json:
        """The account that the proposal names, or else the one that the sender's address belongs to."""
        if self.username:
            found, origin = self.club.accounts(username=self.username), "mail"
            self.known = bool(found)
        else:
            asker = self.asked.from_email
            found, origin = self.club.accounts(email=asker) if asker else [], "looked_up"  # no address asks for all
            if len(found) != 1:
                raise CannotPlan("the mail names no user name", "username")
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
        found_standing = standing(self.asked, account, is_harmless=self.kind.is_harmless)
        self.checks.append(found_standing.check)
        self.doubt, self.ways, self.on_file = found_standing.doubt, found_standing.ways, str(account["email"] or "")
        if self.asked.is_trusted(self.username) in ("on_file", "code"):
            self.to = self.on_file
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
                raise CannotPlan(f"the mail does not say the {key.replace('_', ' ')}", key)
            params[key] = self.asked.details[key]
            self.facts.append(Fact(key.replace("_", " ").capitalize(), params[key], "mail"))
        return params

    def booking(self) -> Json:
        """The one booking of the member that fits all that the mail says."""
        mine = self.club.bookings(username=self.username, start=now())
        fitting = [row for row in mine if self.fits(row)]
        if self.asked.booking_id is not None:
            fitting = [row for row in mine if row["id"] == self.asked.booking_id] or fitting
        if not fitting:
            raise CannotPlan(
                f"{self.username} has no booking that fits" if mine else f"{self.username} has no open booking"
            )
        if len(fitting) > 1:
            self.choices = tuple((row["id"], self.told(row)) for row in fitting[:MOST_CHOICES])
            raise CannotPlan(f"{len(fitting)} bookings of {self.username} fit: choose one, or ask which", "which")
        found = fitting[0]
        note = f"number {found['id']}" + (", chosen here" if found["id"] == self.asked.booking_id else "")
        self.facts.append(Fact("Booking", self.told(found), "looked_up", note))
        return found

    def told(self, booking: Mapping[str, Any]) -> str:
        start = datetime.fromisoformat(booking["start"]).astimezone(self.desk.timezone)
        return f"{spoken(start)}, {self.court(str(booking['court']))['name']}"

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
        court = court_named(self.club, words)
        self.court_name = str(court["name"])
        return court

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


def court_named(club: Club, words: str) -> Json:
    """By number or name. Raise CannotPlan."""
    wanted = court_key(words)
    for court in club.courts():
        if wanted in (court_key(str(court["id"])), court_key(str(court["name"]))):
            return court
    raise CannotPlan(f"the club has no court {words}".rstrip())
