"""A weekly series: every date is known before anybody signs, in local time, with its clashes."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from fakes import ANNA, FakeClub

from actions.series import occurrences
from actions.stated import CannotPlan
from db.desk import Desk

STATED = {
    "username": "anna42", "court": "Court 2", "date": "2026-10-13", "until": "2026-11-10", "time": "18:00", "duration_minutes": "90",
}  # fmt: skip


def taken(start: str, court: str = "2") -> dict[str, Any]:
    begins = datetime.fromisoformat(start)
    ends = (begins + timedelta(hours=1)).isoformat()
    return {"id": 1, "username": "bob", "court": court, "start": start, "end": ends, "status": "booked"}


def test_each_week_is_a_date_at_the_same_hour_whatever_the_clocks_do(desk: Desk) -> None:
    court, found = occurrences(STATED, desk, FakeClub(members=[ANNA]))

    assert court == "Court 2"
    assert [one.params["start"] for one in found] == [
        "2026-10-13T18:00:00+02:00",
        "2026-10-20T18:00:00+02:00",
        "2026-10-27T18:00:00+01:00",
        "2026-11-03T18:00:00+01:00",
        "2026-11-10T18:00:00+01:00",
    ]
    assert found[0].params["end"] == "2026-10-13T19:30:00+02:00"
    assert all(one.is_free for one in found)


def test_clashes_are_marked_with_who_has_it(desk: Desk) -> None:
    booked = [
        taken("2026-10-20T19:00:00+02:00"),
        taken("2026-10-27T17:00:00+01:00"),
        taken("2026-11-03T18:00:00+01:00", "1"),
    ]

    _, found = occurrences(STATED, desk, FakeClub(members=[ANNA], booked=booked))

    assert [one.is_free for one in found] == [True, False, True, True, True]
    assert found[1].words == "taken by bob"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"date": ""}, "say the first day"),
        ({"until": "2026-10-01"}, "before the first"),
        ({"until": "2036-10-01"}, "more than 60"),
        ({"court": "Court 9"}, "no court Court 9"),
        ({"username": "nobody"}, "no account nobody"),
        ({"username": ""}, "knows no account"),
        ({"time": "six"}, "is not a time"),
    ],
)
def test_what_cannot_be_a_series_says_why(desk: Desk, change: dict[str, str], words: str) -> None:
    with pytest.raises(CannotPlan, match=words):
        occurrences({**STATED, **change}, desk, FakeClub(members=[ANNA]))
