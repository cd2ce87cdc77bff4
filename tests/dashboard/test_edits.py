"""What is typed into a proposal is kept as it is typed, for whoever typed it, whatever happens meanwhile."""

import re

from pages import FORM, HX, PLAN, Pages

from db import tickets
from db.lifecycle import PROGRAM, Status
from db.models import Edit
from db.plans import NoAnswer, Plan


def typed(pages: Pages, **changes: str) -> str:
    answer = pages.client.post("/tickets/1/edit", data=pages.form(drawn="reset_password", **changes), headers=HX)
    assert answer.status_code == 200
    return answer.text


def test_what_was_typed_stands_there_after_a_reload_and_is_no_new_version(pages: Pages) -> None:
    said = typed(pages, reply="Hi Anna, half a sent")

    page = pages.client.get("/tickets/1").text

    assert re.search(r"Saved \d\d:\d\d", said)
    assert "half a sent</textarea>" in page
    assert pages.ticket().version == 2
    assert pages.ticket().answer is None


def test_a_reply_alone_asks_nothing_of_the_club(pages: Pages) -> None:
    said = typed(pages, reply="Another reply")

    assert pages.pre_check.asked == []
    assert "hx-swap-oob" not in said


def test_another_user_name_is_held_against_the_club_at_once(pages: Pages) -> None:
    pages.pre_check.plans = [Plan("", {}, "anna@kowalczyk.example", blocked="Nobody is called bob7")]

    said = typed(pages, username="bob7")

    assert [asked.username for asked in pages.pre_check.asked] == ["bob7"]
    assert "Nobody is called bob7" in said
    assert 'id="ticket-1-approval" hx-swap-oob="true"' in said
    assert "Nobody is called bob7" in pages.client.get("/tickets/1").text


def test_another_category_brings_its_own_fields(pages: Pages) -> None:
    pages.pre_check.plans = [PLAN]

    said = typed(pages, category="create_booking")

    assert 'id="ticket-1-action" hx-swap-oob="true"' in said
    assert 'name="details.court"' in said


def test_a_club_that_does_not_answer_loses_nothing(pages: Pages) -> None:
    pages.pre_check.plans = [NoAnswer("it is asleep")]

    said = typed(pages, username="bob7", reply="kept")

    assert "it is asleep" in said
    assert "kept</textarea>" in pages.client.get("/tickets/1").text


def test_a_new_draft_does_not_replace_what_was_typed_and_says_so(pages: Pages) -> None:
    typed(pages, reply="My own words")
    with pages.open_session() as session:
        ticket = tickets.get(session, 1)
        tickets.move(session, ticket, Status.RECEIVED, actor=PROGRAM, seen=2, note="the customer wrote again")
        draft = tickets.Draft("general_inquiry", "", {}, "A new draft")
        tickets.propose(session, ticket, draft)

    page = pages.client.get("/tickets/1").text
    assert "My own words</textarea>" in page
    assert "has changed since you began to type" in page

    pages.client.post("/tickets/1/edit", data={"given_up": "1"}, headers=FORM)
    page = pages.client.get("/tickets/1").text
    assert "A new draft</textarea>" in page
    assert "My own words" not in page


def test_a_decision_ends_the_edit(pages: Pages) -> None:
    typed(pages, reply="My own words")

    pages.client.post("/tickets/1/dismissal", data={"seen": "2", "reason": "duplicate"}, headers=FORM)

    with pages.open_session.reading() as session:
        assert session.get(Edit, (1, 1)) is None


def test_an_empty_reply_may_be_typed_but_not_signed(pages: Pages) -> None:
    typed(pages, reply="")

    answer = pages.client.post("/tickets/1/approval", data=pages.form(reply=""), headers=HX)

    assert answer.status_code == 422
    assert "The reply is empty" in answer.text


def test_why_a_draft_was_corrected_is_kept_with_the_signature(pages: Pages) -> None:
    pages.client.post(
        "/tickets/1/approval", data=pages.form(reply="Better {reset_url}", why="tone", do_not_learn="on"), headers=FORM
    )

    assert pages.ticket().lesson == {"why": "tone", "learn": False}
