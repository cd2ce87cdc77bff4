"""Figures: how much came, how fast it was answered, how often the draft was right. All from the tickets themselves."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.orm import Session

from db.evidence import wilson
from db.lifecycle import Status
from db.looks import SIGNED
from db.models import Ticket, Vote, now

MOST = 10_000  # tickets that are looked at one by one: the newest of the time that was asked for
BINS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0001)


@dataclass(frozen=True)
class Fact:
    """What the figures need of one ticket. `was_right`: category and user name were signed as the model wrote them."""

    received_at: datetime
    drafted_at: datetime | None
    signed_at: datetime | None
    settled_at: datetime | None
    status: str
    category: str
    confidence: float | None
    signed_by: str
    edit_distance: float | None
    model: str
    was_right: bool
    why: str
    due_at: datetime | None
    vote: bool | None

    @property
    def in_time(self) -> bool | None:
        """None where nothing was due, or it still may be in time."""
        if self.due_at is None or (self.signed_at is None and self.due_at > now()):
            return None
        return self.signed_at is not None and self.signed_at <= self.due_at

    @property
    def is_signed(self) -> bool:
        return self.signed_at is not None and self.edit_distance is not None and not self.signed_by.startswith(SIGNED)

    @property
    def is_unchanged(self) -> bool:
        return self.is_signed and self.edit_distance == 0 and self.was_right


@dataclass(frozen=True)
class Share:
    """`count` of `total`, with the Wilson interval of 95 % (Wilson 1927)."""

    label: str
    count: int
    total: int
    distance: float = 0.0

    @property
    def share(self) -> float:
        return self.count / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.count, self.total)


@dataclass(frozen=True)
class Figures:
    total: int
    facts: Sequence[Fact]
    days: Sequence[tuple[date, int, int]]  # day, mails sent unchanged, others
    weeks: Sequence[Share]
    categories: Sequence[Share]
    models: Sequence[Share]
    reliability: Sequence[tuple[float, Share]]  # what was said on average, how often it was right
    hours: Sequence[Sequence[int]]  # weekday, hour
    people: Sequence[tuple[str, int]]
    whys: Sequence[tuple[str, int]]
    stuck: int
    in_time: Sequence[Share]  # by category: signed before it was due
    liked: Sequence[Share]  # by category: customers who said that the answer helped

    def waited(self, until: str) -> tuple[float, float]:
        """Median and 95th percentile of the seconds from the mail to `drafted_at`, `signed_at` or `settled_at`."""
        taken = sorted(
            (moment - fact.received_at).total_seconds() for fact in self.facts if (moment := getattr(fact, until))
        )
        return (percentile(taken, 0.5), percentile(taken, 0.95)) if taken else (0.0, 0.0)


def percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def figures(session: Session, zone: ZoneInfo, days: int = 28, category: str = "") -> Figures:
    since = now() - timedelta(days=days)
    wanted = and_(Ticket.received_at >= since, Ticket.category == category if category else Ticket.spam == "")
    total = session.scalar(select(func.count()).select_from(Ticket).where(wanted)) or 0
    facts = [Fact(*row) for row in session.execute(facts_of(wanted))]
    signed = [fact for fact in facts if fact.is_signed]
    stuck = session.scalar(select(func.count()).select_from(Ticket).where(wanted, Ticket.status == Status.STUCK)) or 0
    return Figures(
        total,
        facts,
        per_day(facts, zone, days),
        shares(signed, lambda fact: f"{week_of(fact.received_at.astimezone(zone).date()):%Y-%m-%d}"),
        sorted(shares(signed, lambda fact: fact.category), key=lambda one: -one.total),
        shares(signed, lambda fact: fact.model or "no adapter"),
        said_against_true(signed),
        per_hour(facts, zone),
        Counter(fact.signed_by for fact in signed if fact.signed_by).most_common(12),
        Counter(fact.why for fact in signed if fact.why).most_common(),
        stuck,
        yes_of(facts, lambda fact: fact.in_time),
        yes_of(facts, lambda fact: fact.vote),
    )


def yes_of(facts: Sequence[Fact], said: Callable[[Fact], bool | None]) -> list[Share]:
    """How many said yes, by category, of those of whom it is known."""
    known: dict[str, list[bool]] = defaultdict(list)
    for fact in facts:
        answer = said(fact)
        if answer is not None:
            known[fact.category].append(answer)
    return [Share(name, sum(found), len(found)) for name, found in sorted(known.items(), key=lambda one: -len(one[1]))]


def facts_of(wanted: ColumnElement[bool]) -> Select[Any]:
    drafted, answered = Ticket.draft, Ticket.answer
    same = and_(
        drafted["category"].as_string() == answered["category"].as_string(),
        drafted["username"].as_string() == answered["username"].as_string(),
    )
    columns = (
        Ticket.received_at, Ticket.drafted_at, Ticket.signed_at, Ticket.settled_at, Ticket.status, Ticket.category,
        Ticket.confidence, Ticket.signed_by, Ticket.edit_distance,
        func.coalesce(Ticket.made_by["adapter"].as_string(), ""), case((same, True), else_=False),
        func.coalesce(Ticket.lesson["why"].as_string(), ""), Ticket.due_at, Vote.is_good,
    )  # fmt: skip
    return (
        select(*columns)
        .outerjoin(Vote, Vote.ticket_id == Ticket.id)
        .where(wanted)
        .order_by(Ticket.received_at.desc())
        .limit(MOST)
    )


def week_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def shares(facts: Iterable[Fact], key: Callable[[Fact], str]) -> list[Share]:
    """How many of each went out unchanged, in the order of their names."""
    grouped: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        grouped[key(fact)].append(fact)
    return [
        Share(
            label,
            sum(fact.is_unchanged for fact in group),
            len(group),
            sum(fact.edit_distance or 0 for fact in group) / len(group),
        )
        for label, group in sorted(grouped.items())
    ]


def per_day(facts: Sequence[Fact], zone: ZoneInfo, days: int) -> list[tuple[date, int, int]]:
    counted: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    for fact in facts:
        counted[fact.received_at.astimezone(zone).date()][0 if fact.is_unchanged else 1] += 1
    today = now().astimezone(zone).date()
    shown = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    return [(day, *counted[day]) for day in shown]  # type: ignore[misc]


def per_hour(facts: Sequence[Fact], zone: ZoneInfo) -> list[list[int]]:
    table = [[0] * 24 for _ in range(7)]
    for fact in facts:
        here = fact.received_at.astimezone(zone)
        table[here.weekday()][here.hour] += 1
    return table


def said_against_true(facts: Sequence[Fact]) -> list[tuple[float, Share]]:
    """What the confidence said in each bin, and how often category and user name were right there."""
    found = []
    for low, high in zip((0.0, *BINS[:-1]), BINS, strict=True):
        inside = [fact for fact in facts if fact.confidence is not None and low <= fact.confidence < high]
        if inside:
            said = sum(fact.confidence or 0 for fact in inside) / len(inside)
            found.append((said, Share(f"{said:.0%}", sum(fact.was_right for fact in inside), len(inside))))
    return found
