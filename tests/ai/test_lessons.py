"""Lessons become training rows: unusable ones are named, repetitions are thinned."""

from typing import Any

import pytest
from tiny import tokenizer

from ai.finetuning.examples import Kind, Report, examples_of_row
from ai.finetuning.lessons import taught
from ai.knowledge import Knowledge
from db.desk import Desk


def stated(number: int, body: str, *, category: str = "general_inquiry", username: str = "") -> dict[str, Any]:
    answer = {"category": category, "username": username, "details": {}, "reply": "We open at eight."}
    return {"id": f"lesson-{number}", "mail": {"subject": "Hours", "body": body}, "answer": answer}


def ids(kept: list[Any]) -> list[str]:
    return [row.id for _, row in kept]


def test_the_newest_few_that_say_the_same_stay(desk: Desk) -> None:
    same = [stated(i, f"Hello, when do you open on Sundays? Thank you very much, kind regards {i}") for i in range(8)]
    others = [
        stated(8, "Is there a shop for rackets near the courts?"),
        stated(9, same[0]["mail"]["body"], category="other"),
    ]
    report = Report()

    assert ids(taught([*same, *others], desk, report)) == ["lesson-5", "lesson-6", "lesson-7", "lesson-8", "lesson-9"]
    assert report.problems == []


def test_what_serving_could_not_write_is_named(desk: Desk) -> None:
    report = Report()
    rows = [
        stated(1, "Hi", username="anna42"),
        stated(2, "Hi", category="gone"),
        {"id": "x", "mail": {}, "answer": {}},
        stated(3, "I am here"),
    ]

    assert ids(taught(rows, desk, report)) == ["lesson-3"]
    assert [line.split(":")[0] for line in report.problems] == ["lesson-1", "lesson-2", "x"]
    assert "is not in the mail" in report.problems[0]


@pytest.mark.parametrize(
    ("category", "passages", "learnt"),
    [
        ("general_inquiry", ["We open at eight, on Sundays at nine."], True),
        ("general_inquiry", ["Dogs are kept on the lead."], False),
        ("general_inquiry", [], False),
        ("other", [], True),
    ],
)
def test_a_reply_that_no_passage_carries_is_not_learnt(
    desk: Desk, category: str, passages: list[str], learnt: bool
) -> None:
    lesson = {**stated(1, "When do you open?", category=category), "passages": passages, "tags": ["signed"]}
    lesson["answer"]["reply"] = "Hello,\n\nwe open at eight."

    [(out, row)] = taught([lesson], desk, Report())
    kinds = {kind for one in examples_of_row(row, desk, Knowledge([]), tokenizer()) for kind in one.kinds}

    assert ("unfounded" in out["tags"]) is (not learnt)
    assert {Kind.CATEGORY, Kind.FIELDS} <= kinds
    assert (Kind.REPLY in kinds) is learnt


@pytest.mark.parametrize(
    ("category", "passages", "stressed"),
    [
        ("other", [], True),
        ("general_inquiry", ["We open at eight, on Sundays at nine."], True),
        ("general_inquiry", [], False),  # it is not learnt at all
        ("create_booking", [], False),  # what counts there is the result, and what is missing is asked for by code
    ],
)
def test_a_reply_that_was_written_anew_is_stressed_where_words_are_the_answer(
    desk: Desk, category: str, passages: list[str], stressed: bool
) -> None:
    lesson = {
        **stated(1, "When do you open?", category=category),
        "passages": passages,
        "tags": ["signed", "rewritten"],
    }
    lesson["answer"]["reply"] = "Hello,\n\nwe open at eight."

    [(out, row)] = taught([lesson], desk, Report())
    kinds = {kind for one in examples_of_row(row, desk, Knowledge([]), tokenizer()) for kind in one.kinds}

    assert ("rewritten" in out["tags"]) is stressed
    assert (Kind.STRESSED in kinds) is stressed


def test_so_is_the_reply_of_a_row_that_is_to_stay(desk: Desk) -> None:
    [(_, row)] = taught([{**stated(1, "I lost my scarf.", category="other"), "tags": ["rehearsed"]}], desk, Report())

    (kept,) = examples_of_row(row, desk, Knowledge([]), tokenizer(), keep="rehearsed")
    (plain,) = examples_of_row(row, desk, Knowledge([]), tokenizer())

    assert set(kept.kinds) <= kept.kept
    assert not plain.kept
    assert {Kind.STRESSED if one is Kind.REPLY else one for one in plain.kinds} == set(kept.kinds)
    assert Kind.REPLY not in kept.kinds


def test_nothing_is_nothing(desk: Desk) -> None:
    assert taught([], desk, Report()) == []


def test_of_a_lesson_stays_what_staff_left_and_only_where_an_adapter_is_gone_on_from(desk: Desk) -> None:
    tags = ["corrected", "category was right", "reply was right"]
    [(_, row)] = taught([{**stated(1, "I lost my scarf.", category="other"), "tags": tags}], desk, Report())

    (learnt,) = examples_of_row(row, desk, Knowledge([]), tokenizer(), keep="rehearsed")
    (alone,) = examples_of_row(row, desk, Knowledge([]), tokenizer())

    assert learnt.kept == {Kind.CATEGORY, Kind.REPLY, Kind.STRESSED}
    assert Kind.STRESSED in learnt.kinds  # weighs as much as what is written anew
    assert (alone.kept, Kind.STRESSED in alone.kinds) == (frozenset(), False)
