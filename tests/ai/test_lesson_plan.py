"""What a retraining reads."""

from collections import Counter
from typing import Any

from ai.lesson_plan import LESSONS_SHARE, REHEARSED, TIMES, chosen, planned

Row = dict[str, Any]


def test_of_lessons_what_was_written_anew_comes_first_then_what_was_corrected_and_of_that_the_newest() -> None:
    learnt = [
        {"id": f"lesson-{number}", "tags": ["signed", "corrected"] if number % 2 else ["signed"]}
        for number in range(1, 11)
    ]
    learnt[0]["tags"].append("rewritten")

    few, of_few = chosen(learnt, TIMES["rewritten"] + 5)
    many, of_many = chosen(learnt, 100)

    assert [one["id"] for one in few] == ["lesson-1", "lesson-7", "lesson-9", "lesson-10"]
    assert of_few == TIMES["rewritten"] + 5  # two that were corrected, and one that was right
    assert many == learnt
    assert of_many == TIMES["rewritten"] + 4 * 2 + 5


def stated(number: int, category: str, *tags: str) -> Row:
    return {"id": f"row-{number}", "answer": {"category": category}, "tags": list(tags)}


def test_beside_what_was_written_anew_more_of_its_category_is_rehearsed() -> None:
    known = [stated(number, "other" if number % 10 == 0 else "create_booking") for number in range(1000)]
    learnt = [stated(number, "create_booking") for number in range(20)]
    rewritten = [stated(number, "other", "rewritten") for number in range(20, 30)]
    fresh = [stated(number, "other") for number in range(30, 37)]

    def rehearsed(taught: list[Row], read: int) -> Counter[str]:
        rows = planned([*taught, *fresh], known, read, 3).rows
        return Counter(one["answer"]["category"] for one in rows if REHEARSED in one["tags"])

    plain, beside = rehearsed([*learnt, *learnt[:10]], 400), rehearsed([*learnt, *rewritten], 400)
    assert plain["other"] < 50
    assert beside["other"] >= 10 * TIMES["rewritten"]
    assert sum(plain.values()) == 400 - 30
    assert sum(beside.values()) == 400 - 20 - 10 * TIMES["rewritten"]


def test_what_is_rehearsed_beside_never_takes_more_than_half_of_the_room() -> None:
    known = [stated(number, ("other", "create_booking")[number % 2]) for number in range(1000)]
    taught = [stated(number, "other", "rewritten") for number in range(50)]
    kept = [one for one in planned([*taught, stated(50, "other")], known, 200, 3).rows if REHEARSED in one["tags"]]

    room = 200 - int(200 * LESSONS_SHARE) // TIMES["rewritten"] * TIMES["rewritten"]
    assert len(kept) == room
    assert sum(one["answer"]["category"] == "other" for one in kept) < 0.9 * room
