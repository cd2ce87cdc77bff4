"""The gate: figures that can be counted by hand, and a promise about chance."""

import random

import pytest

from ai.gate import Pair, paired, verdict


def pair(
    only_serving: int, only_candidate: int, *, measure: str = "category", both: int = 80, mails: int = 100
) -> Pair:
    return Pair(measure, mails, both + only_serving, both + only_candidate, only_serving, only_candidate)


def test_pairs_are_counted() -> None:
    made = paired("category", [True, True, False, False], [True, False, True, False])

    assert (made.mails, made.serving, made.candidate, made.only_serving, made.only_candidate) == (4, 2, 2, 1, 1)


def test_the_exact_test_is_the_binomial() -> None:
    assert pair(0, 5).p(5) == pytest.approx(1 / 32)
    assert pair(1, 9).p(9) == pytest.approx(11 / 1024)
    assert pair(3, 3).p(0) == 1.0


@pytest.mark.parametrize(
    ("pairs", "may_serve", "words"),
    [
        ([pair(0, 6)], True, "better in category on frozen mails"),
        ([pair(0, 3)], False, "nothing shows that it is better"),
        ([pair(3, 0)], False, "worse in category by more than 2%"),
        ([pair(2, 2), pair(0, 8, measure="details")], True, "better in details"),
        ([pair(0, 9), pair(5, 0, measure="username")], False, "worse in user name"),
        ([pair(0, 9), pair(1, 0, measure="form", both=99)], False, "worse in form"),
        ([pair(0, 9, measure="form", both=90)], False, "nothing shows"),
        ([pair(0, 6, measure="reply")], True, "better in reply"),
        ([pair(0, 9), pair(9, 5, measure="reply")], True, "better in category"),  # behind by four points, by chance
        ([pair(0, 9), pair(12, 2, measure="reply")], False, "worse in reply"),
        ([], False, "nothing to judge it on"),
    ],
)  # fmt: skip
def test_not_worse_in_anything_and_better_in_something(pairs: list[Pair], may_serve: bool, words: str) -> None:
    found = verdict({"frozen mails": pairs})

    assert found.may_serve is may_serve
    assert words in found.words


def test_of_few_mails_only_the_test_counts() -> None:
    assert not pair(2, 0, both=14, mails=20).is_worse
    assert not pair(2, 0, both=14, mails=20).is_far_behind
    assert pair(5, 0, both=14, mails=20).is_worse
    assert pair(3, 0, both=90, mails=100).is_far_behind
    assert not pair(2, 0, both=90, mails=100).is_far_behind


def test_how_far_it_is_behind_counts_on_all_mails_together() -> None:
    won = pair(0, 9, measure="reply")
    frozen, latest = pair(4, 0), pair(0, 2)
    assert verdict({"frozen mails": [won, frozen], "the latest mails": [latest]}).may_serve
    assert not verdict({"frozen mails": [won, frozen]}).may_serve
    assert "by more than 2%" in verdict({"frozen mails": [won, frozen], "the latest mails": [pair(3, 0)]}).words


def test_worse_on_the_latest_mails_is_worse() -> None:
    assert not verdict({"frozen mails": [pair(0, 9)], "the latest mails": [pair(9, 0)]}).may_serve


def test_a_model_that_is_no_better_rarely_passes() -> None:
    """Two models that err alike, by chance, on both sets and in all measures: few of 400 candidates may pass."""
    rng = random.Random(7)
    rates = {"category": 0.95, "username": 0.94, "details": 0.85, "form": 1.0, "reply": 0.7}
    passed = 0
    for _ in range(400):
        sets = {
            name: [
                paired(one, *([rng.random() < p for _ in range(mails)] for _ in range(2))) for one, p in rates.items()
            ]
            for name, mails in (("frozen mails", 150), ("the latest mails", 60))
        }
        passed += verdict(sets).may_serve

    assert passed <= 400 * 0.13
