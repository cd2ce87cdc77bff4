"""Charts as points and bars of an SVG, worked out in Python; the templates only draw them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from db.figures import Figures, Share

LEFT, RIGHT, TOP, BOTTOM = 34.0, 348.0, 16.0, 176.0
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Volume:
    unchanged: Sequence[Bar]
    others: Sequence[Bar]
    most: int
    labels: Sequence[tuple[float, date]]


def up(share: float) -> float:
    """Where a share of 0 to 1 stands on the vertical axis."""
    return round(BOTTOM - share * (BOTTOM - TOP), 1)


def across(share: float) -> float:
    return round(LEFT + share * (RIGHT - LEFT), 1)


def volume(days: Sequence[tuple[date, int, int]]) -> Volume:
    most = max([one + other for _, one, other in days] + [1])
    most = next(nice for scale in (1, 10, 100, 1000, 10_000) for nice in (scale, 2 * scale, 5 * scale) if nice >= most)
    step = (RIGHT - LEFT) / len(days)
    unchanged, others = [], []
    for number, (_, one, other) in enumerate(days):
        x, full = round(LEFT + number * step + step * 0.1, 1), (BOTTOM - TOP) / most
        unchanged.append(Bar(x, round(BOTTOM - one * full, 1), round(step * 0.8, 1), round(one * full, 1)))
        others.append(Bar(x, round(BOTTOM - (one + other) * full, 1), round(step * 0.8, 1), round(other * full, 1)))
    every = max(1, len(days) // 4)
    labels = [(bar.x, day) for bar, (day, _, _) in list(zip(unchanged, days, strict=True))[::every]]
    return Volume(unchanged, others, most, labels)


@dataclass(frozen=True)
class Line:
    path: str
    band: str
    dots: Sequence[tuple[float, float]]
    labels: Sequence[tuple[float, date]]


def line(shares: Sequence[Share]) -> Line:
    """A line of shares with the band of their intervals."""
    if not shares:
        return Line("", "", (), ())
    xs = [across(number / max(1, len(shares) - 1) * 0.94 + 0.03) for number in range(len(shares))]
    dots = [(x, up(one.share)) for x, one in zip(xs, shares, strict=True)]
    upper = [(x, up(one.interval[1])) for x, one in zip(xs, shares, strict=True)]
    lower = [(x, up(one.interval[0])) for x, one in zip(xs, shares, strict=True)]
    every = max(1, len(shares) // 4)
    labels = [(x, date.fromisoformat(one.label)) for x, one in list(zip(xs, shares, strict=True))[::every]]
    return Line(drawn(dots), f"{drawn([*upper, *reversed(lower)])}Z", dots, labels)


def drawn(points: Sequence[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{x} {y}" for x, y in points)


def reliability(figures: Figures) -> list[tuple[float, float, float]]:
    """Dots: said, true, and a radius by how many drafts stand behind it."""
    most = max([share.total for _, share in figures.reliability] + [1])
    return [
        (across(said), up(share.share), round(2.5 + 6 * (share.total / most) ** 0.5, 1))
        for said, share in figures.reliability
    ]


@dataclass(frozen=True)
class Risk:
    """Errors against coverage: what was seen, and the bound that is proven; `most` is the top of the axis."""

    seen: str
    bound: str
    limit: float
    most: float


def risk(curve: Sequence[Mapping[str, float]], error: float) -> Risk:
    most = max([3 * error, *(min(1.0, 1.2 * one["bound"]) for one in curve)])
    points = sorted(curve, key=lambda one: one["coverage"])
    seen = [(across(one["coverage"]), up(one["wrong"] / one["accepted"] / most)) for one in points]
    bound = [(across(one["coverage"]), up(min(1.0, one["bound"] / most))) for one in points]
    return Risk(drawn(seen), drawn(bound), up(error / most), most)


def hours(table: Sequence[Sequence[int]]) -> list[tuple[float, float, float, float, str]]:
    """A square for each hour of the week, the fuller the more came: x, y, size, opacity, words."""
    most = max(max(row) for row in table) or 1
    width, height = (RIGHT - LEFT) / 24, (BOTTOM - TOP) / 7
    return [
        (round(LEFT + hour * width, 1), round(TOP + day * height, 1), round(width - 1, 1), round(0.06 + 0.94 * count / most, 2) if count else 0.06,
         f"{WEEKDAYS[day]} {hour}:00, {count}")
        for day, row in enumerate(table) for hour, count in enumerate(row)
    ]  # fmt: skip


def seconds(value: float) -> str:
    """A length of time as people say it."""
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if value >= 2 * size or (unit != "days" and value >= size):
            return f"{value / size:.0f} {unit}"
    return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"
