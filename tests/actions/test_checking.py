"""The pre-check works out what approving would do, by looking only."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from builders import RESET
from fakes import ANNA, FakeClub

from actions.catalog import CATALOG
from actions.checking import KNOWN, NOT_KNOWN, check_next, fitting, make_plan
from actions.stated import court_key
from db import parts, tickets
from db.desk import Desk, load_desk
from db.drafts import LEFT_OUT
from db.lifecycle import Status
from db.models import Ticket, now
from db.plans import Asked
from db.session import OpenSession

START = (now() + timedelta(days=3)).replace(hour=16, minute=0, second=0, microsecond=0)
BOOKING = {
    "id": 20417,
    "username": "anna42",
    "court": "2",
    "start": START.isoformat(),
    "end": (START + timedelta(hours=1)).isoformat(),
    "status": "booked",
}
OWN = "anna@kowalczyk.example"


def asked(category: str, username: str = "anna42", reply: str = "", sender: str = OWN, **details: str) -> Asked:
    """By default with a reply that waits for the action's result."""
    waits = f"{{{min(CATALOG[category].fills)}}}" if category in CATALOG else "Hello."
    return Asked(category, username, details, reply or waits, sender)


def club(**more: Any) -> FakeClub:
    return FakeClub(members=[ANNA], booked=[BOOKING], **more)


def test_a_reset_goes_to_the_address_on_file_whoever_wrote(desk: Desk) -> None:
    plan = make_plan(asked("reset_password", sender="eve@evil.example"), desk, club())

    assert (plan.action, plan.params, plan.to) == ("reset_password", {"username": "anna42"}, OWN)
    assert [check.ok for check in plan.checks] == [True, False]


def test_an_unknown_account_blocks_a_reply_that_waits_for_the_result(desk: Desk) -> None:
    plan = make_plan(asked("reset_password", "nobody"), desk, club())

    assert plan.action == ""
    assert plan.blocked == "Cannot reset password: the club knows no account nobody"


def test_a_reply_that_asks_for_the_user_name_may_go_without_the_action(desk: Desk) -> None:
    plan = make_plan(asked("reset_password", "", "Which user name?", "new@mail.example"), desk, club())

    assert (plan.action, plan.blocked) == ("", "")
    assert "names no user name" in plan.note


def test_a_booking_is_found_by_what_the_mail_says(desk: Desk) -> None:
    local = START.astimezone(desk.timezone)

    plan = make_plan(
        asked("cancel_booking", date=local.date().isoformat(), time=f"{local:%H:%M}", court="2"), desk, club()
    )

    assert plan.params["booking_id"] == 20417


def test_a_booking_that_does_not_fit_is_not_guessed(desk: Desk) -> None:
    plan = make_plan(asked("cancel_booking", court="1"), desk, club())

    assert plan.blocked == "Cannot cancel booking: anna42 has no booking that fits"


def test_of_two_bookings_that_fit_none_is_taken(desk: Desk) -> None:
    two = FakeClub(members=[ANNA], booked=[BOOKING, {**BOOKING, "id": 2}])

    assert "2 bookings of anna42 fit" in make_plan(asked("cancel_booking"), desk, two).blocked


def test_a_new_booking_takes_the_first_free_court(desk: Desk) -> None:
    local = START.astimezone(desk.timezone)
    busy = FakeClub(members=[ANNA], booked=[{**BOOKING, "court": "1"}])

    plan = make_plan(asked("create_booking", date=local.date().isoformat(), time=f"{local:%H:%M}"), desk, busy)

    assert (plan.params["court"], plan.court) == ("2", "Court 2")


def test_a_taken_court_blocks(desk: Desk) -> None:
    local = START.astimezone(desk.timezone)

    plan = make_plan(
        asked("create_booking", date=local.date().isoformat(), time=f"{local:%H:%M}", court="2"), desk, club()
    )

    assert plan.blocked == "Cannot create booking: Court 2 is taken at that time"


def test_a_move_keeps_what_does_not_change(desk: Desk) -> None:
    plan = make_plan(asked("move_booking", new_time="19:30"), desk, club())

    assert plan.params["court"] == "2"
    assert plan.params["start"].startswith(START.astimezone(desk.timezone).date().isoformat() + "T19:30")


def test_a_taken_user_name_blocks_a_new_account(desk: Desk) -> None:
    plan = make_plan(asked("create_account", full_name="Anna Kowalczyk"), desk, club())

    assert "anna42 is taken" in plan.blocked


@pytest.mark.parametrize(
    ("words", "key"), [("Court 3", "3"), ("Platz 3", "3"), ("Halle 2", "indoor2"), ("Indoor 2", "indoor2")]
)
def test_a_court_has_one_key_in_both_languages(words: str, key: str) -> None:
    assert court_key(words) == key


@pytest.mark.parametrize(
    ("key", "stated"),
    [("date", "Tuesday"), ("time", "7pm"), ("duration_minutes", "90 min"), ("duration_minutes", "-60"), ("duration_minutes", "9" * 20)],
)  # fmt: skip
def test_a_field_that_cannot_be_read_is_said_and_stops_nothing(desk: Desk, key: str, stated: str) -> None:
    details = {"date": "2026-05-19", "time": "18:30", key: stated}

    plan = make_plan(asked("create_booking", **details), desk, club())

    assert plan.action == ""
    assert stated in plan.blocked


def test_a_club_that_is_down_is_asked_again_later(open_session: OpenSession, desk: Desk) -> None:
    with open_session() as session:
        session.add(
            Ticket(status=Status.IN_REVIEW, category="reset_password", draft=dict(RESET.as_json()), from_email=OWN)
        )
    fake = club(down=True)

    assert not check_next(open_session, desk, fake)
    with open_session() as session:
        assert parts.all_parts(session)[0].state == "failing"
        ticket = tickets.get(session, 1)
        assert ticket.plan is None
        ticket.draft_after = now()
    fake.down = False
    assert check_next(open_session, desk, fake)

    with open_session.reading() as session:
        plan = tickets.get(session, 1).plan
        assert plan is not None
        assert plan["action"] == "reset_password"


def test_a_reply_that_waits_for_what_the_action_never_gives_is_blocked(desk: Desk) -> None:
    plan = make_plan(asked("reset_password", reply="Your court is booked: {booking.start}"), desk, club())

    assert plan.blocked == "The reply waits for {booking.start}, which “reset password” never gives."


@pytest.mark.parametrize(("username", "expected", "reasons"), [("anna42", 0.9, []), ("nobody", 0.3214, [NOT_KNOWN])])
def test_a_user_name_that_the_club_does_not_know_makes_the_draft_less_sure(
    open_session: OpenSession, desk: Desk, username: str, expected: float, reasons: list[str]
) -> None:
    with open_session() as session:
        ticket = tickets.open_by_hand(session, by="mia", subject="Login", body="Hello", from_email=OWN)
        tickets.propose(session, ticket, replace(RESET, username=username), confidence=0.9)

    check_next(open_session, desk, club())

    with open_session.reading() as session:
        ticket = tickets.get(session, 1)
        assert (ticket.confidence, ticket.reasons) == (expected, reasons)


WAITS, ASKS = RESET.reply, "Hi Anna,\n\nplease send us your user name."


@pytest.mark.parametrize(
    ("sender", "username", "written", "opens", "action", "reasons"),
    [
        ("new@mail.example", "", WAITS, "Hi Anna,\n\nwe will gladly take care", "", [LEFT_OUT]),
        ("new@mail.example", "", ASKS, ASKS, "", []),
        (OWN, "", ASKS, "Hi Anna,\n\nwith this link", "reset_password", [KNOWN]),
        (OWN, "", WAITS, WAITS, "reset_password", []),
        (OWN, "anna42", WAITS, WAITS, "reset_password", []),
        ("new@mail.example", "nobody", WAITS, WAITS, "", [NOT_KNOWN]),  # a slip of the pen is for a person to see
    ],
)
def test_a_reply_asks_for_what_neither_mail_nor_club_tells_and_for_nothing_else(
    open_session: OpenSession, desk: Desk, sender: str, username: str, written: str, opens: str, action: str, reasons: list[str]
) -> None:  # fmt: skip
    with open_session() as session:
        ticket = tickets.open_by_hand(session, by="mia", subject="Login", body="Hello", from_email=sender)
        ticket.mails[0].identity = "verified" if sender == OWN else "unverified"
        tickets.propose(
            session, ticket, replace(RESET, username=username, reply=written), confidence=0.9, language="en"
        )
        seen = ticket.version

    check_next(open_session, desk, club())

    with open_session.reading() as session:
        ticket = tickets.get(session, 1)
        assert ticket.draft is not None
        assert ticket.plan is not None
        assert ticket.draft["reply"].startswith(opens)
        assert (ticket.plan["action"], ticket.reasons) == (action, reasons)
        assert ticket.plan["blocked"].startswith("Cannot") is (username == "nobody")
        assert (ticket.version > seen) is bool({LEFT_OUT, KNOWN} & set(reasons))  # a program must look again


def test_what_a_colleague_wrote_is_left_alone(open_session: OpenSession, desk: Desk) -> None:
    with open_session() as session:
        ticket = tickets.open_by_hand(session, by="mia", subject="Login", body="Hello", from_email="new@mail.example")
        tickets.propose(session, ticket, replace(RESET, username=""), language="en")
        ticket.answer = dict(replace(RESET, username="").as_json())

    check_next(open_session, desk, club())

    with open_session.reading() as session:
        ticket = tickets.get(session, 1)
        assert ticket.draft is not None
        assert (ticket.draft["reply"], ticket.reasons) == (WAITS, [])


@pytest.mark.parametrize(
    ("category", "details", "words"),
    [
        ("create_booking", {}, "day and the time that you would like"),
        ("move_booking", {"booking_ref": "20417"}, "would like instead"),
        ("cancel_booking", {}, "more than one booking"),
        ("update_account", {}, "what is to be entered"),
        ("create_account", {}, "user name that you would like"),
    ],
)
def test_each_action_asks_for_what_it_needs(desk: Desk, category: str, details: dict[str, str], words: str) -> None:
    request = asked(category, "" if category == "create_account" else "anna42", **details)
    two = FakeClub(members=[ANNA], booked=[BOOKING, {**BOOKING, "id": 20418, "court": "5"}])
    plan = make_plan(request, desk, two)

    reply, why = fitting(request, plan, desk, "en")

    assert words in reply
    assert why == LEFT_OUT


@pytest.mark.parametrize("category", ["create_booking", "cancel_booking", "update_account"])
def test_a_stranger_is_told_nothing_of_an_account_not_even_by_a_question(desk: Desk, category: str) -> None:
    request = asked(category, sender="eve@evil.example")
    two = FakeClub(members=[ANNA], booked=[BOOKING, {**BOOKING, "id": 20418, "court": "5"}])
    plan = make_plan(request, desk, two)

    assert plan.missing
    assert fitting(request, plan, desk, "en") == ("", "")
    assert plan.blocked


@pytest.mark.parametrize(("identity", "swapped"), [("verified", True), ("unverified", False)])
def test_a_forged_address_brings_no_other_reply(desk: Desk, identity: str, swapped: bool) -> None:
    request = replace(asked("reset_password", "", ASKS), identity=identity)
    plan = make_plan(request, desk, club())

    assert bool(fitting(request, plan, desk, "en")[0]) is swapped


def test_who_is_known_by_the_address_is_asked_for_what_is_missing_and_not_for_the_name(desk: Desk) -> None:
    request = replace(asked("create_booking", "", ASKS), identity="verified")

    reply, why = fitting(request, make_plan(request, desk, club()), desk, "en")

    assert "day and the time" in reply
    assert why == LEFT_OUT


@pytest.mark.parametrize("name", ["tennis", "helpdesk"])
def test_a_desk_asks_for_the_same_things_in_each_of_its_languages(name: str) -> None:
    stated = load_desk(name)

    assert {frozenset(stated.asks[code]) for code in stated.languages} == {frozenset(stated.asks["en"])}
    assert not [words for asks in stated.asks.values() for words in asks.values() if "{" in words]
