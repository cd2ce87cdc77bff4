"""Bounds against known values, and the promise of the e-value in simulation."""

import random

import pytest

from db.evidence import e_value, lower_bound, mean_interval, median_interval, upper_bound, wilson


@pytest.mark.parametrize(("errors", "fewest"), [(0, 299), (1, 473), (2, 628), (3, 773)])
def test_so_many_without_error_prove_one_percent(errors: int, fewest: int) -> None:
    assert upper_bound(errors, fewest, 0.05) <= 0.01 < upper_bound(errors, fewest - 1, 0.05)


def test_bounds_hold_the_count_between_them() -> None:
    assert (lower_bound(0, 10, 0.05), upper_bound(10, 10, 0.05)) == (0.0, 1.0)
    assert lower_bound(3, 10, 0.05) < 0.3 < upper_bound(3, 10, 0.05)
    low, high = wilson(8, 10)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5])
def test_a_true_share_is_seldom_taken_for_a_greater_one_however_often_one_looks(share: float) -> None:
    rng, alarms = random.Random(5), 0
    for _ in range(400):
        count = 0
        for total in range(1, 301):
            count += rng.random() < share
            if e_value(count, total, share) >= 20:
                alarms += 1
                break
    assert alarms / 400 <= 0.05


def test_a_greater_share_is_noticed_soon() -> None:
    rng, needed = random.Random(6), []
    for _ in range(100):
        count, total = 0, 0
        while e_value(count, total, 0.2) < 20:
            count, total = count + (rng.random() < 0.5), total + 1
        needed.append(total)
    assert sorted(needed)[50] < 40


def test_an_e_value_of_nothing_is_one_and_of_very_much_no_error() -> None:
    assert e_value(0, 0, 0.3) == pytest.approx(1.0)
    assert e_value(5000, 5000, 0.01) > 1e100
    assert e_value(0, 5000, 0.5) < 1e-3


def test_intervals_of_means_and_medians() -> None:
    mean, low, high = mean_interval([0.0, 1.0] * 50)
    assert (mean, round(low, 2), round(high, 2)) == (0.5, 0.40, 0.60)
    middle, low, high = median_interval([float(n) for n in range(1, 26)])
    assert (middle, low, high) == (13.0, 8.0, 18.0)
    assert median_interval([7.0]) == (7.0, 7.0, 7.0)
    assert mean_interval([]) == median_interval([]) == (0.0, 0.0, 0.0)
