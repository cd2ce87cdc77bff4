"""What the pages ask of the club within a request: checks, series, looks. All of it only reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from actions.checking import make_plan, plan_action
from actions.kind import Club
from actions.looking import look
from actions.outcomes import Unreachable
from actions.series import occurrences
from actions.stated import CannotPlan
from db.desk import Desk
from db.plans import Asked, NoAnswer, Occurrence, Plan


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

    def look(self, action: str, params: Mapping[str, Any]) -> str:
        try:
            return look(self.club, action, params)[1]
        except Unreachable as problem:
            raise NoAnswer(str(problem)) from problem
