"""How much a count proves: exact bounds, intervals, and a test that may be looked at after every decision. Pure."""

import hashlib
from collections.abc import Sequence
from math import exp, log, sqrt

from scipy.special import betainc, betaincc, betaincinv, betaln

Z = 1.96  # of a 95 % interval


def wilson(count: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); 0 to 1 where nothing was counted."""
    if not total:
        return 0.0, 1.0
    p = count / total
    middle, half = p + Z * Z / (2 * total), Z * sqrt(p * (1 - p) / total + Z * Z / (4 * total * total))
    return max(0.0, (middle - half) / (1 + Z * Z / total)), min(1.0, (middle + half) / (1 + Z * Z / total))


def upper_bound(count: int, total: int, level: float) -> float:
    """The share that is exceeded with probability `level` at most, exactly (Clopper and Pearson 1934)."""
    return 1.0 if count >= total else float(betaincinv(count + 1, total - count, 1 - level))


def lower_bound(count: int, total: int, level: float) -> float:
    """The share that the truth is below with probability `level` at most, exactly (Clopper and Pearson 1934)."""
    return 0.0 if not count else float(betaincinv(count, total - count + 1, level))


def e_value(count: int, total: int, share: float) -> float:
    """How strongly `count` of `total` speaks for a true share above `share`, whenever one looks.

    The likelihoods of all shares above it, evenly mixed, against that of `share` itself (Robbins 1970). If the truth is
    `share` or less, it ever reaches 1 / a with probability a at most (Ville 1939), so it may be looked at after each
    decision. `share` lies between 0 and 1, both excluded.
    """
    above = float(betaincc(count + 1, total - count + 1, share))
    if above <= 0:
        return 0.0
    mixed = float(betaln(count + 1, total - count + 1)) + log(above) - log(1 - share)
    alone = count * log(share) + (total - count) * log(1 - share)
    return exp(min(700.0, mixed - alone))


def falls_within(name: str, share: float) -> bool:
    """Whether a name belongs to that share of all names: by a hash, so that the answer is the same whenever one asks."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) < share * 2**64


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and its 95 % interval by the normal approximation; (0, 0, 0) of nothing."""
    n = len(values)
    if not n:
        return 0.0, 0.0, 0.0
    mean = sum(values) / n
    half = Z * sqrt(sum((one - mean) ** 2 for one in values) / (n - 1) / n) if n > 1 else mean
    return mean, mean - half, mean + half


def median_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Median and its 95 % interval by order statistics, which asks for no shape; (0, 0, 0) of nothing."""
    ordered, n = sorted(values), len(values)
    if not n:
        return 0.0, 0.0, 0.0
    middle = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    outside = 0  # so many of each end lie outside: P(fewer than that many below the median) < 2.5 %
    while outside + 1 <= n // 2 and float(betainc(n - outside, outside + 1, 0.5)) < 0.025:
        outside += 1
    return middle, ordered[max(0, outside - 1)], ordered[n - max(1, outside)]
