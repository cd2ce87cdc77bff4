"""How sure the autopilot must be, proven by what people decided. Pure.

The confidence of a category is calibrated on its decisions: a temperature (Guo et al. 2017), or from MANY decisions on a
small logistic regression where that is better on decisions it has not seen. The threshold is the one with the largest
coverage whose exact upper bound of the error stays below the desk's (selective guaranteed risk: Geifman and El-Yaniv
2017; the bound of Clopper and Pearson 1934, shared out among the coverages and categories tried). It holds as long as
mails look like those that were decided; `db.autopilot.risen` watches for the day when they no longer do.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression

from ai.confidence import logit
from db.evidence import upper_bound

COVERAGES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)
LEVEL = 0.05  # chance that any category is opened although its error is above the desk's
LOOKS = (300, 600, 1200, 2400, 4800, 9600)  # decisions after which the evidence is looked at
MANY = 200  # decisions for a regression of several features
OF_EACH = 10  # right and wrong ones among them


@dataclass(frozen=True)
class Fit:
    """From a confidence and further features to a probability. Without weights it is the temperature alone."""

    temperature: float = 1.0
    weights: tuple[float, ...] = ()
    means: tuple[float, ...] = ()
    scales: tuple[float, ...] = ()
    bias: float = 0.0

    def __call__(self, confidence: float, features: Sequence[float]) -> float:
        score = logit(confidence) / self.temperature
        if self.weights and len(features) == len(self.weights):
            parts = zip(features, self.means, self.scales, self.weights, strict=True)
            score = self.bias + sum((x - mean) / scale * weight for x, mean, scale, weight in parts)
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Fit":
        return cls(
            float(stored["temperature"]),
            tuple(stored["weights"]),
            tuple(stored["means"]),
            tuple(stored["scales"]),
            float(stored["bias"]),
        )


@dataclass(frozen=True)
class Case:
    """One decided draft: what was said of it, and whether it was right."""

    confidence: float
    features: tuple[float, ...]
    right: bool


@dataclass(frozen=True)
class Point:
    """One coverage tried: how many of the cases it accepts, how many of those were wrong, and the bound."""

    coverage: float
    threshold: float
    accepted: int
    wrong: int
    bound: float


@dataclass(frozen=True)
class Proof:
    """`threshold` is None while nothing is proven; `needed`: further decisions at least, if none of them is wrong."""

    cases: int
    wrong: int
    threshold: float | None
    coverage: float
    needed: int
    fit: Fit
    curve: Sequence[Point]


def prove(cases: Sequence[Case], error: float, *, tests: int) -> Proof:
    """What the cases, oldest first, prove of an error; `tests`: categories that are looked at in the same way.

    Looked at only when so many cases have come as LOOKS says, each look with half the chance of the one before: whoever
    looks after every decision opens sooner or later by luck.
    """
    stage = max((number for number, count in enumerate(LOOKS) if count <= len(cases)), default=None)
    seen = cases[: LOOKS[stage]] if stage is not None else cases
    fit, judged = fitted(seen)
    scored = sorted(((fit(one.confidence, one.features), one.right) for one in judged), reverse=True)
    curve = [point(scored, coverage, level_of(stage or 0, tests)) for coverage in COVERAGES if scored]
    held = [one for one in curve if stage is not None and one.accepted and one.bound <= error]
    best = max(held, key=lambda one: one.accepted, default=None)
    return Proof(
        len(cases),
        sum(not one.right for one in cases),
        best.threshold if best else None,
        best.accepted / len(scored) if best else 0.0,
        0 if best else needed(curve, len(cases), error, tests),
        fit,
        curve,
    )


def level_of(stage: int, tests: int) -> float:
    return LEVEL * 0.5 ** (stage + 1) / (tests * len(COVERAGES))


def fitted(cases: Sequence[Case]) -> tuple[Fit, Sequence[Case]]:
    """The calibration, and the cases that it may be judged on. A temperature orders nothing anew, so it may be all of them.

    The regression is chosen on the older half alone, and judged on the newer.
    """
    temperature = Fit(temperature_of(cases))
    lengths, half = {len(one.features) for one in cases}, len(cases) // 2
    older, newer = cases[:half], cases[half:]
    part = 3 * len(older) // 4
    rights = sum(one.right for one in older[:part])
    if len(cases) < 2 * MANY or len(lengths) != 1 or lengths == {0} or min(rights, part - rights) < OF_EACH:
        return temperature, cases
    taught, kept = older[:part], older[part:]
    is_better = loss(regression_of(taught), kept) < loss(Fit(temperature_of(taught)), kept)
    return (regression_of(older), newer) if is_better else (temperature, cases)


def temperature_of(cases: Sequence[Case]) -> float:
    """The one that makes the decisions most likely, 0.2 to 10; 1 without any."""
    if not cases:
        return 1.0
    found = minimize_scalar(
        lambda t: loss(Fit(math.exp(t)), cases), bounds=(math.log(0.2), math.log(10)), method="bounded"
    )
    return float(math.exp(found.x))


def regression_of(cases: Sequence[Case]) -> Fit:
    features = np.array([one.features for one in cases])
    means, scales = features.mean(0), np.maximum(features.std(0), 1e-6)
    model = LogisticRegression(C=0.3).fit((features - means) / scales, [one.right for one in cases])
    weights, middle, wide = (tuple(map(float, one)) for one in (model.coef_[0], means, scales))
    return Fit(1.0, weights, middle, wide, float(model.intercept_[0]))


def loss(fit: Fit, cases: Sequence[Case]) -> float:
    """Negative log-likelihood of what was decided, a case."""
    said = [fit(one.confidence, one.features) for one in cases]
    return -sum(math.log(p if one.right else 1 - p) for p, one in zip(said, cases, strict=True)) / max(1, len(cases))


def point(scored: Sequence[tuple[float, bool]], coverage: float, level: float) -> Point:
    """`scored`: the surest first. All of the same score are accepted together."""
    threshold = scored[max(1, math.ceil(coverage * len(scored))) - 1][0]
    accepted = [right for score, right in scored if score >= threshold]
    wrong = sum(not right for right in accepted)
    return Point(coverage, threshold, len(accepted), wrong, upper_bound(wrong, len(accepted), level))


def needed(curve: Sequence[Point], cases: int, error: float, tests: int) -> int:
    """Decisions until the next look that would prove it, if none of them were wrong."""
    for stage, count in enumerate(LOOKS):
        more = count - cases
        if more > 0 and any(
            upper_bound(one.wrong, one.accepted + int(one.coverage * more), level_of(stage, tests)) <= error
            for one in curve or [Point(1.0, 0.0, 0, 0, 1.0)]
        ):
            return more
    return LOOKS[-1]
