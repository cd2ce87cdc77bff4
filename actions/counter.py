"""What the pages ask of the club within a request: checks, series, looks. All of it only reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from actions.checking import make_plan, plan_action
from actions.kind import Club, Json
from actions.looking import look
from actions.outcomes import Unreachable
from actions.series import occurrences
from actions.stated import CannotPlan
from db.customers import Membership
from db.desk import Desk
from db.models import now
from db.plans import Asked, NoAnswer, Occurrence, Plan

MOST_BOOKINGS = 5


@dataclass(frozen=True)
class Counter:
    """The adapter of the pages' port `PreCheck`. Every call raises NoAnswer where the club does not answer."""

    desk: Desk
    club: Club

    def plan(self, asked: Asked) -> Plan:
        try:
            return make_plan(asked, self.desk, self.club)
        except Unreachable as problem:
            raise NoAnswer(f"{problem} Nothing was sent.") from problem

    def plan_action(self, name: str, stated: Mapping[str, str]) -> Plan:
        try:
            return plan_action(name, stated, self.desk, self.club)
        except Unreachable as problem:
            raise NoAnswer(f"{problem} Nothing was done.") from problem

    def series(self, stated: Mapping[str, str]) -> tuple[str, list[Occurrence], str]:
        try:
            return *occurrences(stated, self.desk, self.club), ""
        except CannotPlan as reason:
            return "", [], str(reason)
        except Unreachable as problem:
            raise NoAnswer(f"{problem} Nothing was done.") from problem

    def memberships(self, emails: Sequence[str]) -> list[Membership]:
        try:
            courts = {str(court["id"]): str(court["name"]) for court in self.club.courts()}
            accounts = [account for email in emails for account in self.club.accounts(email=email)]
            return [self.membership(account, courts) for account in accounts]
        except Unreachable as problem:
            raise NoAnswer(str(problem)) from problem

    def membership(self, account: Json, courts: Mapping[str, str]) -> Membership:
        username = str(account["username"])
        coming = [
            (datetime.fromisoformat(row["start"]), courts.get(str(row["court"]), str(row["court"])))
            for row in self.club.bookings(username=username, start=now())
            if row.get("status") != "cancelled"
        ]
        return Membership(
            username, str(account.get("full_name") or ""), str(account.get("email") or ""), str(account.get("status") or ""),
            str(account.get("member_since") or ""), tuple(sorted(coming)[:MOST_BOOKINGS]),
        )  # fmt: skip

    def look(self, action: str, params: Mapping[str, Any]) -> str:
        try:
            return look(self.club, action, params)[1]
        except Unreachable as problem:
            raise NoAnswer(str(problem)) from problem
