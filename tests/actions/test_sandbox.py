"""The demo club keeps its rules and does everything once, over real HTTP."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from actions.http import open_club
from actions.outcomes import Refused, Unreachable

Club = Any


def first_booking(club: Club) -> dict[str, Any]:
    return dict(club.http.bookings(start=club.clock())[0])


def free_slot(club: Club) -> tuple[str, datetime]:
    """A court and an hour next week at which nobody plays."""
    start = (club.clock() + timedelta(days=9)).replace(hour=12, minute=0, second=0, microsecond=0)
    return "1", start


def test_the_seed_holds_a_plausible_club(club: Club) -> None:
    assert len(club.http.courts()) == 6
    assert len(club.http.accounts()) >= 30
    assert len(club.http.bookings(start=club.clock())) >= 30


def test_a_wrong_token_is_turned_away(club: Club) -> None:
    stranger = open_club(club.url, "guess", 5)

    with pytest.raises(Unreachable, match="401"):
        stranger.courts()
    stranger.client.close()


def test_the_same_key_and_body_have_one_effect_and_one_answer(club: Club) -> None:
    court, start = free_slot(club)
    params = {
        "username": "dropshot",
        "court": court,
        "start": start.isoformat(),
        "end": (start + timedelta(hours=1)).isoformat(),
    }
    before = len(club.http.bookings(start=club.clock()))

    answers = [club.http.perform("create_booking", params, "key-1") for _ in range(3)]

    assert answers[0] == answers[1] == answers[2]
    assert len(club.http.bookings(start=club.clock())) == before + 1


def test_the_same_key_with_another_body_is_refused(club: Club) -> None:
    club.http.perform("reset_password", {"username": "dropshot"}, "key-1")

    with pytest.raises(Refused) as refusal:
        club.http.perform("delete_account", {"username": "dropshot"}, "key-1")
    assert refusal.value.code == "key_reused"


def test_a_reset_gives_a_link_and_never_a_password(club: Club) -> None:
    answer = club.http.perform("reset_password", {"username": "dropshot"}, "key-1")

    assert set(answer) == {"reset_url", "expires_at"}


def test_a_cancelled_booking_is_gone_and_its_fee_given(club: Club) -> None:
    booking = club.http.bookings(start=club.clock())[-1]

    answer = club.http.perform("cancel_booking", {"booking_id": booking["id"]}, "key-1")

    assert answer == {"id": booking["id"], "status": "cancelled", "fee": "0.00"}
    assert booking["id"] not in [row["id"] for row in club.http.bookings(start=club.clock())]


def test_after_the_deadline_a_booking_stays(club: Club) -> None:
    booking = first_booking(club)
    club.clock.moment = datetime.fromisoformat(booking["start"]) - timedelta(hours=3)

    with pytest.raises(Refused, match="12 hours before") as refusal:
        club.http.perform("cancel_booking", {"booking_id": booking["id"]}, "key-1")
    assert refusal.value.code == "deadline_passed"


def taken(club: Club) -> dict[str, Any]:
    booking = club.http.bookings(start=club.clock())[-1]
    return {"username": "dropshot", "court": booking["court"], "start": booking["start"], "end": booking["end"]}


def at_night(club: Club) -> dict[str, Any]:
    court, start = free_slot(club)
    start = start.replace(hour=2)
    return {
        "username": "dropshot",
        "court": court,
        "start": start.isoformat(),
        "end": (start + timedelta(hours=1)).isoformat(),
    }


def far_ahead(club: Club) -> dict[str, Any]:
    court, start = free_slot(club)
    start += timedelta(days=60)
    return {
        "username": "dropshot",
        "court": court,
        "start": start.isoformat(),
        "end": (start + timedelta(hours=1)).isoformat(),
    }


@pytest.mark.parametrize(
    ("make", "code"), [(taken, "court_taken"), (at_night, "outside_hours"), (far_ahead, "too_far_ahead")]
)
def test_a_booking_against_the_rules_is_refused(club: Club, make: Callable[[Club], dict[str, Any]], code: str) -> None:
    with pytest.raises(Refused) as refusal:
        club.http.perform("create_booking", make(club), "key-1")

    assert refusal.value.code == code


def test_an_account_with_open_bookings_is_not_deleted(club: Club) -> None:
    with pytest.raises(Refused) as refusal:
        club.http.perform("delete_account", {"username": first_booking(club)["username"]}, "key-1")

    assert refusal.value.code == "open_bookings"


def test_a_refusal_is_problem_details(club: Club) -> None:
    answer = httpx.delete(f"{club.url}/bookings/1", headers={"Authorization": "Bearer secret", "Idempotency-Key": "k"})

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 404


def test_a_club_that_is_not_there_is_unreachable(club: Club) -> None:
    nobody = open_club("http://127.0.0.1:9", "secret", 1)

    with pytest.raises(Unreachable):
        nobody.perform("reset_password", {"username": "x"}, "key")
    nobody.client.close()


def test_a_user_name_cannot_leave_its_path(club: Club) -> None:
    with pytest.raises(Refused) as refusal:
        club.http.perform("reset_password", {"username": "../bookings/1?x="}, "key-1")

    assert refusal.value.code in ("no_such_account", "not_found")
