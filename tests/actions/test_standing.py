"""Whose account it is: nobody speaks for it by writing a name or an address."""

import pytest
from fakes import ANNA, FakeClub

from actions.checking import make_plan
from db.desk import Desk
from db.plans import Asked, Plan

OWN = "anna@kowalczyk.example"
CODE = {"way": "code", "username": "anna42", "asker": OWN, "by": "courtdesk", "reason": ""}


def planned(desk: Desk, category: str = "reset_password", sender: str = OWN, **more: object) -> Plan:
    hole = {"reset_password": "{reset_url}", "update_account": "{account.username}"}.get(category, "{set_password_url}")
    details = {"update_account": {"email": "eve@evil.example"}}.get(category, {})
    stated: dict[str, object] = {"identity": "verified", "identity_words": "kowalczyk.example signed it", **more}
    asked = Asked(category, "anna42", details, hole, sender, **stated)  # type: ignore[arg-type]
    return make_plan(asked, desk, FakeClub(members=[ANNA]))


def test_the_verified_owner_gets_a_plan_that_one_key_approves(desk: Desk) -> None:
    plan = planned(desk)

    assert (plan.action, plan.doubt, plan.blocked) == ("reset_password", "", "")
    assert plan.checks[-1].ok


@pytest.mark.parametrize(
    ("sender", "identity", "words"),
    [
        ("eve@evil.example", "verified", "is not the address on file"),
        (OWN, "unverified", "nothing proves that it wrote"),
        (OWN, "contradicts", "probably forged"),
        ("", "contradicts", "is not the address on file"),
    ],
)
def test_anybody_else_blocks_the_approval(desk: Desk, sender: str, identity: str, words: str) -> None:
    plan = planned(desk, sender=sender, identity=identity)

    assert words in plan.doubt
    assert plan.blocked.startswith("Not yet: ")
    assert plan.ways == ("on_file", "code", "override")


def test_a_colleague_who_took_it_down_is_believed(desk: Desk) -> None:
    assert planned(desk, identity="colleague").blocked == ""


def test_only_an_answer_that_gives_the_sender_nothing_may_go_to_the_address_on_file(desk: Desk) -> None:
    assert planned(desk, "update_account", "eve@evil.example").ways == ("code", "override")


def test_a_code_settles_the_doubt_for_that_sender_and_that_account_only(desk: Desk) -> None:
    assert planned(desk, identity="unverified", trust=CODE).blocked == ""
    assert planned(desk, sender="eve@evil.example", trust=CODE).doubt != ""
    assert planned(desk, identity="unverified", trust={**CODE, "username": "member40"}).doubt != ""


def test_the_link_of_a_new_account_does_not_go_where_only_the_mail_s_words_say(desk: Desk) -> None:
    details = {"full_name": "Eve Adams", "email": "other@mail.example"}
    asked = Asked("create_account", "eve7", details, "{set_password_url}", "eve@evil.example", "verified", "x")
    club = FakeClub(members=[ANNA])

    plan = make_plan(asked, desk, club)
    vouched = make_plan(
        Asked(
            "create_account", "eve7", details, "{set_password_url}", "eve@evil.example", "verified", "x",
            {"way": "override", "username": "eve7", "asker": "eve@evil.example", "by": "mia", "reason": "at the counter"},
        ),
        desk,
        club,
    )  # fmt: skip

    assert "other@mail.example" in plan.doubt
    assert plan.ways == ("override",)
    assert vouched.blocked == ""
