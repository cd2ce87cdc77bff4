"""What staff begin themselves, who gets a reply, and what goes along with it."""

from dataclasses import replace

import pytest
from pages import FORM, HX, Pages

from db import canned, edits, tickets
from db.lifecycle import PROGRAM, Status
from db.models import Promise, Ticket
from db.plans import Check, Plan

REPLY = Plan("", {}, "anna@kowalczyk.example", checks=(Check(True, "fine"),))
QUESTION = {"category": "general_inquiry", "reply": "We open at 7:00."}


def rows(pages: Pages) -> list[Promise]:
    with pages.open_session.reading() as session:
        return list(session.query(Promise).order_by(Promise.id))


def approve(pages: Pages, **changes: str) -> int:
    pages.pre_check.plans = [REPLY]
    form = pages.form(**{**QUESTION, **changes})
    return pages.client.post("/tickets/1/approval", data=form, headers=HX).status_code


def test_a_reply_goes_to_whom_staff_say(pages: Pages) -> None:
    to, cc = "Anna <anna@kowalczyk.example>, coach@club.example", "Office@Club.example"
    assert approve(pages, to=to, cc=cc, bcc="archive@club.example") == 204

    payload = rows(pages)[0].payload
    assert payload["to"] == "anna@kowalczyk.example, coach@club.example"
    assert (payload["cc"], payload["bcc"]) == ("office@club.example", "archive@club.example")


@pytest.mark.parametrize(
    "changes", [{"to": "nobody"}, {"cc": "a@b.example, @"}, {"bcc": ",".join(f"m{n}@x.example" for n in range(21))}]
)
def test_an_address_that_is_none_is_refused_before_anything_is_signed(pages: Pages, changes: dict[str, str]) -> None:
    assert approve(pages, **changes) == 422
    assert rows(pages) == []
    assert pages.ticket().status == "in_review"


@pytest.mark.parametrize("changes", [{"to": "evil@x.example"}, {"cc": "evil@x.example"}, {"bcc": "evil@x.example"}])
def test_what_an_account_action_brings_goes_to_the_address_on_file_alone(pages: Pages, changes: dict[str, str]) -> None:
    answer = pages.client.post("/tickets/1/approval", data=pages.form(**changes), headers=HX)

    assert answer.status_code == 422
    assert "goes to anna@kowalczyk.example alone" in answer.text
    assert rows(pages) == []
    assert 'name="cc"' not in pages.client.get("/tickets/1").text


def upload(pages: Pages, content: bytes, name: str = "../../map.pdf") -> int:
    form = pages.form(**QUESTION)
    files = {"file": (name, content, "text/html")}
    return pages.client.post("/tickets/1/files", data=form, files=files, headers=HX).status_code


def test_a_file_goes_along_as_it_was_signed(pages: Pages) -> None:
    assert upload(pages, b"a map") == 204
    assert upload(pages, b"a list", "list.csv") == 204
    page = pages.client.get("/tickets/1").text
    assert "map.pdf" in page
    assert "We open at 7:00.</textarea>" in page  # what was typed came along

    pages.client.post("/tickets/1/files/1/end", data=pages.form(), headers=HX)
    assert approve(pages) == 204

    (file,) = rows(pages)[0].payload["files"]
    assert (file["name"], file["type"], file["size"]) == ("map.pdf", "application/pdf", 5)


def test_too_much_is_refused_in_words(pages: Pages) -> None:
    assert upload(pages, b"x" * 15_000_001) == 422
    assert upload(pages, b"", "") == 422
    with pages.open_session.reading() as session:
        assert edits.of(session, tickets.get(session, 1), 1) is None  # nothing of it was kept


def test_what_was_said_at_the_counter_becomes_a_ticket_that_is_drafted(pages: Pages) -> None:
    form = {"way": "asked", "email": "Bob@Club.example", "name": "Bob", "subject": "", "body": "Is court 3 free?"}

    answer = pages.client.post("/tickets", data=form, headers=FORM)

    assert answer.headers["location"] == "/tickets/2"
    with pages.open_session.reading() as session:
        ticket = tickets.get(session, 2)
        assert (ticket.status, ticket.from_email, ticket.subject) == (
            "received",
            "bob@club.example",
            "Is court 3 free?",
        )
        assert ticket.mails[0].identity == "colleague"


def test_a_conversation_that_we_begin_is_written_signed_and_sent_without_re(pages: Pages) -> None:
    form = {"way": "write", "email": "bob@club.example", "name": "Bob", "subject": "Floodlights"}
    pages.client.post("/tickets", data=form, headers=FORM)
    page = pages.client.get("/tickets/2").text
    assert "Reply to bob@club.example" in page

    pages.pre_check.plans = [replace(REPLY, to="bob@club.example")]
    form = {**pages.form(**QUESTION), "to": "bob@club.example", "action": "none"}
    assert pages.client.post("/tickets/2/approval", data=form, headers=HX).status_code == 204

    payload = rows(pages)[0].payload
    assert (payload["to"], payload["subject"], payload["mail_id"]) == ("bob@club.example", "Floodlights", None)


@pytest.mark.parametrize(
    "form",
    [
        {"way": "asked", "email": "bob@club.example", "body": ""},
        {"way": "asked", "email": "", "body": "Hello"},
        {"way": "write", "email": "a@x.example, b@x.example"},
        {"way": "write", "email": "nobody"},
    ],
)
def test_a_ticket_by_hand_that_says_too_little_is_refused(pages: Pages, form: dict[str, str]) -> None:
    assert pages.client.post("/tickets", data=form, headers=HX).status_code == 422


def test_a_settled_ticket_gets_another_reply_without_another_action(pages: Pages) -> None:
    with pages.open_session() as session:
        ticket = tickets.get(session, 1)
        for status in (Status.APPROVED, Status.ACTED, Status.REPLIED):
            actor = "mia" if status is Status.APPROVED else PROGRAM
            tickets.move(session, ticket, status, actor=actor, seen=ticket.version)
        version = ticket.version

    pages.client.post("/tickets/1/further-reply", data={"seen": str(version)}, headers=FORM)

    page = pages.client.get("/tickets/1").text
    assert "Reply to anna@kowalczyk.example" in page
    assert '<input type="hidden" name="action" value="none">' in page
    form = {**pages.form(reply="One more thing."), "seen": str(version + 1), "action": "none"}
    assert pages.client.post("/tickets/1/approval", data=form, headers=HX).status_code == 204
    assert [row.kind for row in rows(pages)] == ["reply"]


def test_a_mail_is_passed_on_and_the_ticket_waits(pages: Pages) -> None:
    form = {"to": "builder@x.example", "text": "Please look.", "wait": "on"}

    assert pages.client.post("/tickets/1/forward", data=form, headers=FORM).status_code == 303

    (row,) = rows(pages)
    assert (row.kind, row.payload["to"], row.payload["body"]) == ("letter", "builder@x.example", "Please look.")
    assert pages.ticket().waiting_for == "builder@x.example"
    assert pages.client.post("/tickets/1/forward", data={"to": ""}, headers=HX).status_code == 422


def test_a_mail_that_was_passed_on_can_be_taken_back_until_it_leaves(pages: Pages) -> None:
    pages.client.post("/tickets/1/forward", data={"to": "builder@x.example", "wait": "on"}, headers=FORM)
    page = pages.client.get("/tickets/1?view=all").text
    assert "to builder@x.example <span>passed on</span>" in page
    number = rows(pages)[0].id

    answer = pages.client.post(f"/tickets/1/letters/{number}/withdrawal", data={"seen": "2"}, headers=FORM)

    assert answer.status_code == 303
    assert rows(pages)[0].state == "withdrawn"
    assert pages.ticket().waiting_for == ""
    again = pages.client.post(f"/tickets/1/letters/{number}/withdrawal", data={"seen": "2"}, headers=HX)
    assert again.status_code == 409
    assert "left already" in again.text


def test_an_approval_is_undone_whatever_became_of_a_mail_that_was_passed_on(pages: Pages) -> None:
    pages.client.post("/tickets/1/forward", data={"to": "builder@x.example"}, headers=FORM)
    with pages.open_session() as session:
        session.query(Promise).update({"state": "running", "attempts": 1})
    pages.client.post("/tickets/1/approval", data=pages.form(seen=str(pages.ticket().version)), headers=HX)
    assert pages.ticket().status == "approved"

    form = {"seen": str(pages.ticket().version)}
    assert pages.client.post("/tickets/1/withdrawal", data=form, headers=HX).status_code == 204

    assert pages.ticket().status == "in_review"
    assert [row.state for row in rows(pages) if row.kind == "letter"] == ["running"]


def test_a_canned_reply_is_put_below_what_was_typed_and_sends_nothing(pages: Pages) -> None:
    body = "Dear {{ first_name }},\n\nyour ticket is {{ticket}}.\n\n{{ me }}, {{ desk }}"
    stated = {"title": "Hello", "body": body, "tags": "vip", "priority": "1", "assign": "me"}
    assert pages.client.post("/canned-replies", data=stated, headers=FORM).status_code == 303

    form = pages.form(reply="Typed.", canned="1")
    assert pages.client.post("/tickets/1/canned-reply", data=form, headers=HX).status_code == 204

    page = pages.client.get("/tickets/1").text
    assert "Typed.\n\nDear Anna,\n\nyour ticket is 1.\n\nmia@westpark.example, TC Westpark</textarea>" in page
    assert rows(pages) == []
    with pages.open_session.reading() as session:
        ticket = session.get_one(Ticket, 1)
        assert ([one.name for one in ticket.tags], ticket.priority, ticket.assignee_id) == (["vip"], 1, 1)


def test_a_canned_reply_that_cannot_be_is_refused(pages: Pages) -> None:
    for stated in ({"title": "", "body": "x"}, {"title": "A", "body": "{{ password }}"}):
        assert pages.client.post("/canned-replies", data=stated, headers=HX).status_code == 422
    assert pages.client.post("/canned-replies", data={"title": "A", "body": "x"}, headers=FORM).status_code == 303
    assert "already" in pages.client.post("/canned-replies", data={"title": "A", "body": "y"}, headers=HX).text
    changed = {"id": "1", "title": "A", "body": "changed"}
    assert pages.client.post("/canned-replies", data=changed, headers=FORM).status_code == 303
    with pages.open_session.reading() as session:
        assert canned.get(session, 1).body == "changed"
    pages.client.post("/canned-replies/1/end", headers=FORM)
    assert "No canned reply yet" in pages.client.get("/canned-replies").text
