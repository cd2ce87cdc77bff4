"""One hand-written fake for each port."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from actions.outcomes import Unreachable
from ai.parsing import write_draft
from ai.prompt import MailText
from ai.written import Decided, News, Question, Written
from connectors.intake import Fetched
from connectors.replies import NotSent
from db.customers import Membership
from db.drafts import Draft
from db.plans import Asked, NoAnswer, Occurrence, Plan


@dataclass
class FakeMailbox:
    raws: list[bytes]
    name: str = "fake"

    def fetch_after(self, uidvalidity: int, last_uid: int) -> list[Fetched]:
        return [Fetched(1, last_uid + 1, self.raws[last_uid])] if last_uid < len(self.raws) else []

    def wait(self) -> None:
        return None


@dataclass
class FakeModel:
    """Writes the drafts it was given, one after the other, or raises what it was given."""

    answers: list[Draft | Exception | str]
    asked: list[MailText] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    def draft(self, asked: Sequence[Question]) -> Iterator[tuple[int, News]]:
        for place, one in enumerate(asked):
            self.asked.append(one.mail)
            self.questions.append(one)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if isinstance(answer, Exception):
                raise answer
            text = answer if isinstance(answer, str) else write_draft(answer)
            name = answer.category if isinstance(answer, Draft) else "other"
            categories = {name: 0.98, "other": 0.02} if name != "other" else {"other": 1.0}
            yield place, Decided(categories, name, 0.1)
            yield (
                place,
                Written(
                    text, categories, 0.99, seconds=0.1, made_by={"base": "fake", "adapter": Path(one.adapter).name}
                ),
            )


@dataclass
class FakeClub:
    """Members and bookings in memory; `down` makes every call fail, `effects` counts what was done."""

    members: list[dict[str, Any]] = field(default_factory=list)
    booked: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any] | Exception] = field(default_factory=list)
    repeats_are_safe: bool = True
    down: bool = False
    effects: list[tuple[str, Mapping[str, Any], str]] = field(default_factory=list)

    def accounts(self, *, username: str = "", email: str = "") -> list[dict[str, Any]]:
        self.check()
        return [
            m
            for m in self.members
            if (not username or m["username"] == username) and (not email or m["email"] == email)
        ]

    def courts(self) -> list[dict[str, Any]]:
        self.check()
        return [{"id": "1", "name": "Court 1"}, {"id": "2", "name": "Court 2"}, {"id": "5", "name": "Indoor 1"}]

    def bookings(self, *, username: str = "", start: datetime, end: datetime | None = None) -> list[dict[str, Any]]:
        self.check()
        inside = [
            b
            for b in self.booked
            if datetime.fromisoformat(b["end"]) > start and (end is None or datetime.fromisoformat(b["start"]) < end)
        ]
        return [b for b in inside if not username or b["username"] == username]

    def check(self) -> None:
        if self.down:
            raise Unreachable("The club cannot be reached: it is down.")

    def perform(self, action: str, params: Mapping[str, Any], key: str) -> dict[str, Any]:
        self.check()
        self.effects.append((action, params, key))
        answer = self.answers.pop(0) if self.answers else {"reset_url": "https://club.example/reset/x"}
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class FakeMailer:
    sender: str = "office@westpark.example"
    sent: list[tuple[str, EmailMessage]] = field(default_factory=list)
    problems: list[Exception] = field(default_factory=list)

    def send(self, message: EmailMessage, *, to: Sequence[str], leaves: Callable[[], None]) -> None:
        problem = self.problems.pop(0) if self.problems else None
        if isinstance(problem, NotSent):
            raise problem
        leaves()
        if problem is not None:
            raise problem
        self.sent.append((", ".join(to), message))


@dataclass
class FakePreCheck:
    plans: Sequence[Plan | NoAnswer]
    asked: list[Asked] = field(default_factory=list)

    def plan(self, asked: Asked) -> Plan:
        self.asked.append(asked)
        found = self.plans[min(len(self.asked), len(self.plans)) - 1]
        if isinstance(found, NoAnswer):
            raise found
        return found

    def plan_action(self, name: str, stated: Mapping[str, str]) -> Plan:
        return next(plan for plan in reversed(self.plans) if isinstance(plan, Plan))

    def series(self, stated: Mapping[str, str]) -> tuple[str, list[Occurrence], str]:
        return "", [], "the fake has none"

    def memberships(self, emails: Sequence[str]) -> list[Membership]:
        starts = datetime(2030, 5, 14, 16, tzinfo=UTC)
        return [Membership("anna42", "Anna Kowalczyk", emails[0], "active", "2019-03-01", ((starts, "Court 2"),))]

    def look(self, action: str, params: Mapping[str, Any]) -> str:
        return "Booking 9 still stands at the club."


ANNA = {
    "username": "anna42", "full_name": "Anna Kowalczyk", "email": "anna@kowalczyk.example", "phone": "", "address": "",
    "status": "active", "member_since": "2019-03-01",
}  # fmt: skip
