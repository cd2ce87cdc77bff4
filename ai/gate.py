"""The gate: whether a candidate may serve, by paired tests on the same mails. Pure.

Two models answer the same mails; only those where one is right and the other is not tell them apart. Exact one-sided
McNemar test (McNemar 1947): of n such mails, k for the other, P(X >= k) with X binomial (n, 1/2).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb

LEVEL = 0.05
MOST_LOST = 0.02  # share of all mails together by which a candidate may be behind without being called worse …
ENOUGH = 100  # … where there are so many; of fewer, one mail is more than that, and only the test counts
METRICS = {"category": "category", "username": "user name", "details": "details", "form": "form", "reply": "reply"}
JUDGED_LOOSELY = ("reply",)  # there is more than one right way to say a thing, so it swings: only the test counts


@dataclass(frozen=True)
class Pair:
    """One measure on one set of mails: how many each got right, and in how many only one did."""

    measure: str
    mails: int
    serving: int
    candidate: int
    only_serving: int
    only_candidate: int

    @property
    def is_worse(self) -> bool:
        if self.measure == "form":
            return self.candidate < self.serving
        return self.only_serving > self.only_candidate and self.p(self.only_serving) < LEVEL

    @property
    def is_far_behind(self) -> bool:
        """Whatever the test says: so much is too much to be left to chance."""
        is_held = self.mails >= ENOUGH and self.measure not in JUDGED_LOOSELY
        return is_held and self.serving - self.candidate > MOST_LOST * self.mails

    @property
    def is_better(self) -> bool:
        return self.only_candidate > self.only_serving and self.p(self.only_candidate) < LEVEL

    def p(self, times: int) -> float:
        """P(X >= times) if neither were better than the other."""
        n = self.only_serving + self.only_candidate
        return float(sum(comb(n, k) for k in range(times, n + 1)) / 2**n)

    def words(self) -> str:
        name = METRICS[self.measure]
        shares = f"{name} {self.serving / self.mails:.1%} before, {self.candidate / self.mails:.1%} now"
        apart = f"{self.only_serving} right only before, {self.only_candidate} only now"
        judged = (
            "worse"
            if self.is_worse
            else f"better (p {self.p(self.only_candidate):.3f})"
            if self.is_better
            else "no difference shown"
        )
        return f"{shares}; {apart}: {judged}"


@dataclass(frozen=True)
class Verdict:
    may_serve: bool
    words: str
    pairs: Mapping[str, Sequence[Pair]]


def paired(measure: str, serving: Sequence[bool], candidate: Sequence[bool]) -> Pair:
    both = list(zip(serving, candidate, strict=True))
    return Pair(
        measure,
        len(both),
        sum(serving),
        sum(candidate),
        sum(a and not b for a, b in both),
        sum(b and not a for a, b in both),
    )


def added(pairs: Sequence[Pair]) -> Pair:
    """Of one measure on several sets of mails. At least one."""
    counts = zip(*((p.mails, p.serving, p.candidate, p.only_serving, p.only_candidate) for p in pairs), strict=True)
    return Pair(pairs[0].measure, *map(sum, counts))


def verdict(sets: Mapping[str, Sequence[Pair]]) -> Verdict:
    """`sets`: pairs by the name of the set of mails. Not worse in anything on any, not far behind on all of them together,

    and better in something on one.
    """
    every = [(name, pair) for name, pairs in sets.items() for pair in pairs if pair.mails]
    if not every:
        return Verdict(False, "There was nothing to judge it on.", sets)
    measures = dict.fromkeys(pair.measure for _, pair in every)
    whole = [added([pair for _, pair in every if pair.measure == measure]) for measure in measures]
    worse = [f"{METRICS[pair.measure]} on {name}" for name, pair in every if pair.is_worse]
    worse += [f"{METRICS[pair.measure]} by more than {MOST_LOST:.0%}" for pair in whole if pair.is_far_behind]
    better = [f"{METRICS[pair.measure]} on {name}" for name, pair in every if pair.is_better and pair.measure != "form"]
    if worse:
        return Verdict(False, f"It may not serve: worse in {', '.join(worse)}.", sets)
    if not better:
        return Verdict(False, "It may not serve: nothing shows that it is better.", sets)
    return Verdict(True, f"It may serve: better in {', '.join(better)}, and worse in nothing.", sets)
