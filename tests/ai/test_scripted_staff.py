"""The scripted staff of make replay let pass what is right, in other words too, and nothing else."""

import random
import tomllib
from typing import Any

import pytest
from servers import ROOT

from ai.finetuning.generate import read_families, row_of
from ai.finetuning.inventing import read_voices
from db.desk import load_desk
from db.drafts import Draft
from tests.bench.scripted import Case, pages_of, question_family, read_questions, wordings
from tests.bench.scripted_club import SupposedClub

DESK = load_desk("tennis")
FAMILIES = read_families(DESK.folder / "training" / "families")


def booking() -> Case:
    family = next(
        one for one in FAMILIES if one["category"] == "create_booking" and "{booking.start}" in one["replies"][0]
    )
    row = row_of(family, 0, DESK, read_voices(DESK), random.Random(1))
    return Case(row, wordings(family, FAMILIES, row, DESK))


@pytest.mark.parametrize(
    ("changed", "passes"),
    [
        ({}, True),
        ({"username": "somebody.else"}, False),
        ({"category": "cancel_booking"}, False),
        ({"details": {"date": "1999-01-01"}}, False),
        ({"reply": "Hi there,\n\nplease tell us your user name, then we will book a court for you."}, False),
        ({"reply": "Hi there,\n\nbananas {booking.start} {booking.court}."}, False),
    ],
)
def test_what_staff_sign_as_it_stands(changed: dict[str, object], passes: bool) -> None:
    case = booking()

    assert case.lets_pass(Draft.from_json({**case.gold.as_json(), **changed})) is passes  # type: ignore[arg-type]


def test_they_correct_what_is_wrong_and_leave_a_reply_that_is_right() -> None:
    case = booking()
    drafted = Draft.from_json(
        {**case.gold.as_json(), "username": "somebody.else", "reply": case.wordings[-1].replace("{first}", "Anna")}
    )

    assert case.corrected(drafted) == case.gold.with_reply(drafted.reply)
    assert case.corrected(drafted.with_reply("Hi,\n\nbananas.")) == case.gold


def test_the_same_result_in_another_wording_of_the_desk_passes() -> None:
    case = booking()
    others = [one for one in case.wordings if "{booking.start}" in one]

    assert len(others) > 3
    for one in others:
        assert case.lets_pass(case.gold.with_reply(one.replace("{first}", "Anna")))


def test_the_desks_own_question_for_a_user_name_passes() -> None:
    families = [one for one in FAMILIES if one["category"] == "reset_password" and "user name" in one["replies"][0]]
    row = row_of(families[0], 0, DESK, read_voices(DESK), random.Random(1))
    case = Case(row, wordings(families[0], FAMILIES, row, DESK))
    reported = case.gold.with_reply("Hi Anna,\n\nwith this link you can set a new password:\n{reset_url}")

    assert not case.gold.username
    assert not case.lets_pass(reported)
    assert case.lets_pass(SupposedClub(row, case.gold, DESK).looked_into(reported))


def family_named(name: str) -> dict[str, Any]:
    return next(one for one in FAMILIES if one["name"] == name)


def case_of(name: str) -> Case:
    family = family_named(name)
    row = row_of(family, 0, DESK, read_voices(DESK), random.Random(1))
    return Case(row, wordings(family, FAMILIES, row, DESK))


def test_where_the_mail_names_no_slot_the_desks_question_stands_in_for_a_result_and_passes() -> None:
    case = case_of("s2-move-de-neuer-tag-noch-offen")
    reported = case.gold.with_reply(
        "Hallo Anna,\n\nIhre Buchung ist verschoben auf {booking.start}, Platz {booking.court}."
    )
    stays = reported.with_reply("Hallo Anna,\n\nwir melden uns.")
    club = SupposedClub(case.row, case.gold, DESK)

    assert case.gold.details.get("new_date") is None
    assert case.lets_pass(club.looked_into(reported))
    assert club.looked_into(stays) == stays


@pytest.mark.parametrize(("name", "can"), [("update-en-change-user-name", False), ("update-en-new-email-terse", True)])
def test_the_supposed_club_can_do_what_the_desk_can(name: str, can: bool) -> None:
    case = case_of(name)

    assert SupposedClub(case.row, case.gold, DESK).can_be_done() is can


@pytest.mark.parametrize(
    ("reply", "passes"),
    [
        ("Hi Anna,\n\nRackets can be hired at the club house for 4 EUR per session.", True),
        ("Hi Anna,\n\nRackets can be hired at the club house for 9 EUR per session.", False),
        ("Hi Anna,\n\nwe will get back to you.", False),
    ],
)
def test_an_answer_to_a_question_must_rest_on_the_page(reply: str, passes: bool) -> None:
    question = next(one for one in read_questions(DESK) if one["id"] == "en-courts")
    pages = pages_of(question, DESK)
    row = row_of(question_family(question, pages), 0, DESK, read_voices(DESK), random.Random(1))
    case = Case(row, (), pages)

    assert case.lets_pass(case.gold.with_reply(reply)) is passes


def test_no_way_of_writing_comes_back_in_a_later_week() -> None:
    families = tomllib.loads((ROOT / "tests" / "bench" / "replay.toml").read_text("utf-8"))["family"]
    bodies = [body for family in families for week in family["bodies"] for body in week]

    assert len(bodies) == len(set(bodies)) == 72
    assert all(len(family["bodies"]) == 4 - family["week"] for family in families)
