"""How a person settles that whoever wrote may speak for the account."""

from dataclasses import replace

import pytest
from pages import FORM, HX, PLAN, Pages

from db.models import Confirmation, Event, Promise

DOUBTED = replace(
    PLAN, doubt="eve@evil.example is not the address on file", blocked="Not yet: eve@evil.example is not the address on file",
    ways=("on_file", "code", "override"), on_file="anna@kowalczyk.example",
)  # fmt: skip


@pytest.fixture
def doubted(pages: Pages) -> Pages:
    with pages.open_session() as session:
        ticket = session.merge(pages.ticket())
        ticket.plan = DOUBTED.as_json()
    pages.pre_check.plans = [DOUBTED]
    return pages


def test_a_doubt_stands_where_the_button_is_and_blocks_the_one_key(doubted: Pages) -> None:
    page = doubted.client.get("/tickets/1").text

    assert "Cannot reset password: eve@evil.example is not the address on file" in page
    assert 'aria-disabled="true"' in page
    assert "Send a one-time code to the address on file" in page
    assert doubted.client.post("/tickets/1/approval", data=doubted.form(), headers=HX).status_code == 422


def test_a_code_is_promised_to_the_address_on_file(doubted: Pages) -> None:
    answer = doubted.client.post("/tickets/1/trust", data=doubted.form(way="code"), headers=FORM)

    assert answer.status_code == 303
    with doubted.open_session.reading() as session:
        row, out = session.query(Promise).one(), session.query(Confirmation).one()
        assert (row.kind, row.payload["to"], row.payload["code"]) == ("code", "anna@kowalczyk.example", out.code)
        assert (out.state, out.username, doubted.ticket().trust) == ("waiting", "anna42", None)


def test_an_override_wants_a_reason_and_stands_in_the_trail(doubted: Pages) -> None:
    bare = doubted.client.post("/tickets/1/trust", data=doubted.form(way="override", reason="ok"), headers=HX)
    good = doubted.client.post(
        "/tickets/1/trust", data=doubted.form(way="override", reason="She stands at the counter."), headers=HX
    )

    assert (bare.status_code, good.status_code) == (422, 204)
    trust = doubted.ticket().trust
    assert trust is not None
    assert (trust["way"], trust["by"], trust["asker"]) == ("override", "mia@westpark.example", "anna@kowalczyk.example")
    with doubted.open_session.reading() as session:
        assert "counter" in session.query(Event).filter(Event.what == "trusted").one().note


@pytest.mark.parametrize("changes", [{"way": "magic"}, {"way": "on_file", "username": "member40"}, {}])
def test_what_the_check_does_not_offer_is_refused(doubted: Pages, changes: dict[str, str]) -> None:
    assert doubted.client.post("/tickets/1/trust", data=doubted.form(**changes), headers=HX).status_code == 422
    assert doubted.ticket().trust is None


def test_trust_given_on_an_old_version_is_refused_and_says_what_changed(doubted: Pages) -> None:
    doubted.client.post("/tickets/1/draft", data=doubted.form(), headers=FORM)

    answer = doubted.client.post("/tickets/1/approval", data=doubted.form(), headers=HX)

    assert answer.status_code == 409
    assert "edited (mia@westpark.example" in answer.text


def test_nobody_vouches_without_signing_in(doubted: Pages) -> None:
    answer = doubted.stranger.post("/tickets/1/trust", data=doubted.form(way="on_file"), headers=FORM)

    assert answer.headers["location"] == "/session"
    assert doubted.ticket().trust is None


def test_of_several_bookings_a_person_chooses_one(pages: Pages) -> None:
    several = replace(PLAN, action="", choices=((7, "Tuesday, Court 2"), (9, "Friday, Court 1")))
    with pages.open_session() as session:
        session.merge(pages.ticket()).plan = several.as_json()
    assert "Which booking is meant?" in pages.client.get("/tickets/1").text

    foreign = pages.client.post("/tickets/1/booking", data=pages.form(booking="8"), headers=HX)
    good = pages.client.post("/tickets/1/booking", data=pages.form(booking="9"), headers=HX)

    assert (foreign.status_code, good.status_code) == (422, 204)
    assert (pages.ticket().booking_id, pages.ticket().plan) == (9, None)
