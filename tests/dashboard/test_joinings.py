"""Two tickets that are one, one that is two; votes; notices; the desk's own settings."""

import re

import pytest
from pages import FORM, HX, Pages

from db import decisions, joining, notices, tickets, votes
from db.drafts import Draft
from db.joining import CannotJoin
from db.lifecycle import Status
from db.models import Mail, Person, Promise, Ticket, Vote

HTML = {"Accept": "text/html"}


@pytest.fixture
def two(pages: Pages) -> Pages:
    with pages.open_session() as session:
        tickets.open_by_hand(
            session, by="mia", subject="Also", body="One more thing", from_email="anna@kowalczyk.example"
        )
    return pages


def test_a_ticket_becomes_part_of_another_which_is_drafted_anew(two: Pages) -> None:
    two.client.post("/tickets/2/tags", data={"tag": "vip"}, headers=FORM)
    two.client.post("/tickets/2/notes", data={"text": "she rang"}, headers=FORM)

    answer = two.client.post("/tickets/2/merger", data={"seen": "1", "into": "#1"}, headers=FORM)

    assert answer.headers["location"] == "/tickets/1"
    with two.open_session.reading() as session:
        one, other = tickets.get(session, 1), tickets.get(session, 2)
        assert (one.status, len(one.mails), [tag.name for tag in one.tags], len(one.notes)) == (
            "received",
            2,
            ["vip"],
            1,
        )
        assert (other.status, other.mails, other.merged_into) == ("dismissed", [], 1)
        newest = tickets.newest_question(one)
        assert newest is not None
        assert newest.text == "One more thing"
    assert "become part of" in two.client.get("/tickets/2").text


def test_what_cannot_be_joined_says_why(two: Pages) -> None:
    for into in ("2", "99", "x"):
        assert two.client.post("/tickets/2/merger", data={"seen": "1", "into": into}, headers=HX).status_code in (
            404,
            422,
        )
    assert two.client.post("/tickets/2/merger", data={"seen": "7", "into": "1"}, headers=HX).status_code == 409
    with two.open_session() as session:
        tickets.move(session, tickets.get(session, 1), Status.APPROVED, actor="mia", seen=2)
    with (
        two.open_session() as session,
        pytest.raises(CannotJoin, match="is approved: what was signed is finished first"),
    ):
        joining.merge(session, tickets.get(session, 2), tickets.get(session, 1), by="mia", seen=1)


def test_one_of_two_mails_becomes_a_ticket_of_its_own(pages: Pages) -> None:
    with pages.open_session() as session:
        session.add(
            Mail(
                ticket_id=1,
                raw=b"",
                read=True,
                dedupe_key="k2",
                subject="Also",
                text="And court 3?",
                from_email="anna@kowalczyk.example",
            )
        )
    assert "Make it a ticket of its own" in pages.client.get("/tickets/1").text

    answer = pages.client.post("/tickets/1/split", data={"seen": "2", "mail": "2"}, headers=FORM)

    assert answer.headers["location"] == "/tickets/2"
    with pages.open_session.reading() as session:
        own, rest = tickets.get(session, 2), tickets.get(session, 1)
        assert (own.status, own.subject, own.snippet, len(own.mails)) == ("received", "Also", "And court 3?", 1)
        assert (rest.status, len(rest.mails)) == ("received", 1)
    assert pages.client.post("/tickets/1/split", data={"seen": "3", "mail": "1"}, headers=HX).status_code == 422


def signed(pages: Pages) -> dict[str, object]:
    with pages.open_session() as session:
        ticket = session.get_one(Ticket, 1)
        decisions.approve(
            session,
            ticket,
            Draft("other", "", {}, "Hello"),
            action=None,
            reply_to="a@x.example",
            by="mia",
            seen=2,
            undo_seconds=0,
        )
    with pages.open_session.reading() as session:
        return dict(session.get_one(Promise, 1).payload)


def test_a_customer_votes_by_a_form_and_never_by_opening_a_page(pages: Pages) -> None:
    with pages.open_session() as session:
        votes.save(session, "https://desk.example/")
    link = str(signed(pages)["vote_url"])
    assert re.fullmatch(r"https://desk\.example/vote/[\w-]{20,}", link)
    path = link.removeprefix("https://desk.example")

    for _ in range(3):
        assert "Did our answer help you?" in pages.stranger.get(path).text
    with pages.open_session.reading() as session:
        assert session.get_one(Vote, 1).is_good is None
        assert session.get_one(Vote, 1).at is None

    assert "Thank you" in pages.stranger.post(path, data={"vote": "bad", "words": "Too late <b>"}, headers=FORM).text
    with pages.open_session.reading() as session:
        assert session.get_one(Vote, 1).is_good is False
    assert pages.stranger.post(path, data={"vote": "maybe"}, headers=HX).status_code == 422
    assert pages.stranger.get("/vote/guessed", headers=HTML).status_code == 404


def test_nobody_is_asked_before_an_admin_wants_it(pages: Pages) -> None:
    assert "vote_url" not in signed(pages)


def test_a_colleague_is_told_what_concerns_them_unless_switched_off(pages: Pages) -> None:
    with pages.open_session() as session:
        session.add(Person(id=2, email="jana@westpark.example", name="Jana", password_hash="x"))
    pages.client.post("/tickets/1/assignment", data={"person": "jana@westpark.example"}, headers=FORM)
    pages.client.post("/tickets/1/notes", data={"text": "@jana and @mia look"}, headers=FORM)
    with pages.open_session() as session:
        session.get_one(Person, 2).told_of = ["stuck"]
    pages.client.post("/tickets/1/notes", data={"text": "@jana again"}, headers=FORM)

    with pages.open_session() as session:
        ticket = tickets.get(session, 1)
        tickets.move(session, ticket, Status.APPROVED, actor="mia", seen=ticket.version)
        decisions.stick(session, ticket, "Nobody knows.", by="courtdesk")
    with pages.open_session.reading() as session:
        assert [one.kind for one in notices.newest(session, 2)] == ["stuck", "mentioned", "assigned"]
        assert notices.unread(session, 1) == 0  # her own doing


def test_notices_are_counted_read_and_chosen(pages: Pages) -> None:
    with pages.open_session() as session:
        notices.tell(session, session.get_one(Person, 1), session.get_one(Ticket, 1), "mentioned", "jana: look")
    assert 'data-unread="1"' in pages.client.get("/actions").text
    assert "jana: look" in pages.client.get("/me/notices").text

    pages.client.get("/tickets/1")  # who has seen the ticket has read its notices
    assert 'data-unread="0"' in pages.client.get("/actions").text
    pages.client.post("/me/notices", data={"kind": ["stuck", "nonsense"]}, headers=FORM)
    with pages.open_session.reading() as session:
        assert session.get_one(Person, 1).told_of == ["stuck"]


def test_the_desks_own_settings_are_an_admins(pages: Pages) -> None:
    assert pages.client.get("/desk-settings", headers=HTML).status_code == 403
    with pages.open_session() as session:
        session.get_one(Person, 1).role = "admin"
    form = {"mon": "08:00-18:00", "goal.": "8", "goal.other": "24", "holidays": "2026-12-25"}

    assert pages.client.post("/desk-settings/targets", data=form, headers=FORM).status_code == 303

    page = pages.client.get("/desk-settings").text
    for words in ("08:00-18:00", 'value="24"', "2026-12-25"):
        assert words in page
    words = {"title": "TC Nord", "signature.en": "Yours\nTC Nord", "undo": "30"}
    assert pages.client.post("/desk-settings/wording", data=words, headers=FORM).status_code == 303
    page = pages.client.get("/desk-settings").text
    assert 'value="30"' in page
    assert "Yours\nTC Nord" in page
    assert "TC Nord</span>" in page  # in the bar above
    assert pages.client.post("/desk-settings/retention", data={"spam": "30"}, headers=FORM).status_code == 303
    assert 'name="spam" value="30"' in pages.client.get("/desk-settings").text
    assert pages.client.post("/desk-settings/retention", data={"spam": "2"}, headers=HX).status_code == 422
    assert pages.client.post("/desk-settings/wording", data={"undo": "long"}, headers=HX).status_code == 422
    assert pages.client.post("/desk-settings/targets", data={"mon": "all day"}, headers=HX).status_code == 422
    assert pages.client.post("/desk-settings/votes", data={"address": "desk.example"}, headers=HX).status_code == 422
