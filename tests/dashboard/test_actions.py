"""Actions by hand: the form, the check, the signature, and each done once with its trail."""

from typing import Any

import pytest
from fakes import ANNA, FakeClub
from pages import FORM, HX, Pages

from actions.counter import Counter
from actions.dispatch import act_next
from actions.outcomes import OutcomeUnknown, Refused
from db import tickets
from db.desk import Desk
from db.models import Promise, Ticket

SERIES = {"username": "anna42", "court": "Court 2", "date": "2030-05-14", "until": "2030-06-04", "time": "18:00"}
DONE = {
    "id": 5,
    "username": "anna42",
    "court": "2",
    "start": "2030-05-14T18:00:00+02:00",
    "end": "2030-05-14T19:00:00+02:00",
}


@pytest.fixture
def club(pages: Pages, desk: Desk) -> FakeClub:
    made = FakeClub(members=[ANNA])
    house = pages.client.app.state.house
    values = {**house.__dict__, "pre_check": Counter(desk, made), "undo_seconds": 0}
    pages.client.app.state.house = type(house)(**values)
    return made


def ordered(pages: Pages) -> Ticket:
    with pages.open_session.reading() as session:
        return tickets.get(session, 2)


def work(pages: Pages, desk: Desk, club: FakeClub) -> None:
    for _ in range(12):
        act_next(pages.open_session, desk, club)


def test_each_action_says_how_dangerous_it_is_and_what_takes_it_back(pages: Pages, club: FakeClub) -> None:
    page = pages.client.get("/actions").text

    assert "Grave: cannot be taken back" in page
    assert "Careful: taken back by “Delete account”" in page
    assert "Routine: gives nothing to whoever asked" in pages.client.get("/actions/reset_password").text


def test_every_action_of_the_desk_has_a_form(pages: Pages, club: FakeClub) -> None:
    page = pages.client.get("/actions").text

    for name in (
        "create_account",
        "reset_password",
        "update_account",
        "delete_account",
        "create_booking",
        "cancel_booking",
        "move_booking",
        "series",
    ):
        assert f'href="/actions/{name}"' in page
        assert pages.client.get(f"/actions/{name}").status_code == 200
    assert pages.stranger.get("/actions").headers["location"] == "/session"


def test_an_action_is_checked_signed_and_done_once(pages: Pages, desk: Desk, club: FakeClub) -> None:
    looked = pages.client.get("/actions/reset_password?username=anna42").text
    assert "anna42 is active" in looked
    assert "Reset password for anna42" in looked
    assert club.effects == []

    answer = pages.client.post("/actions/reset_password", data={"username": "anna42"}, headers=FORM)
    work(pages, desk, club)

    assert answer.headers["location"] == "/tickets/2?view=done"
    assert [(name, params) for name, params, _ in club.effects] == [("reset_password", {"username": "anna42"})]
    assert ordered(pages).status == "replied"
    page = pages.client.get("/tickets/2?view=done").text
    assert "https://club.example/reset/x" in page
    assert "mia@westpark.example" in page


def test_what_the_check_refuses_cannot_be_signed(pages: Pages, club: FakeClub) -> None:
    answer = pages.client.post("/actions/reset_password", data={"username": "nobody"}, headers=HX)

    assert answer.status_code == 422
    assert "no account nobody" in answer.text
    assert pages.client.post("/actions/launch_rocket", data={}, headers=HX).status_code == 422
    with pages.open_session.reading() as session:
        assert session.query(Promise).count() == 0


def test_a_series_shows_each_date_and_books_those_that_were_chosen(pages: Pages, desk: Desk, club: FakeClub) -> None:
    club.booked = [
        {**DONE, "username": "bob", "start": "2030-05-21T18:00:00+02:00", "end": "2030-05-21T19:00:00+02:00"}
    ]
    page = pages.client.get("/actions/series", params=SERIES).text
    assert "Tue 14 May 2030, 18:00" in page
    assert "taken by bob" in page

    pages.client.post("/actions/series", data={**SERIES, "dates": ["0", "2", "3"]}, headers=FORM)
    club.answers = [DONE, Refused("limit", "That is one too many."), DONE]
    work(pages, desk, club)

    assert [params["start"][:10] for _, params, _ in club.effects] == ["2030-05-14", "2030-05-28", "2030-06-04"]
    assert len({key for *_, key in club.effects}) == 3
    ticket = ordered(pages)
    assert (ticket.status, ticket.problem) == ("replied", "1 of 3 were refused: That is one too many.")


def test_a_date_that_was_taken_meanwhile_stops_the_whole_series(pages: Pages, club: FakeClub) -> None:
    club.booked = [{**DONE, "username": "bob"}]

    answer = pages.client.post("/actions/series", data={**SERIES, "dates": ["0", "1"]}, headers=HX)

    assert answer.status_code == 422
    assert "No longer free: 2030-05-14" in answer.text
    assert pages.client.post("/actions/series", data=SERIES, headers=HX).status_code == 422


def test_a_series_that_is_stuck_goes_on_once_a_person_has_settled_it(pages: Pages, desk: Desk, club: FakeClub) -> None:
    club.repeats_are_safe = False
    pages.client.post("/actions/series", data={**SERIES, "dates": ["0", "1"]}, headers=FORM)
    club.answers = [OutcomeUnknown("No answer."), DONE]
    work(pages, desk, club)
    assert ordered(pages).status == "stuck"
    assert len(club.effects) == 1

    form: dict[str, Any] = {"seen": str(ordered(pages).version), "outcome": "happened"}
    assert pages.client.post("/tickets/2/settlement", data=form, headers=HX).status_code == 204
    work(pages, desk, club)

    assert len(club.effects) == 2
    assert ordered(pages).status == "replied"
