"""For whom a ticket is, tried on past mail first; senders who are blocked; what a person set stays."""

import pytest
from pages import FORM, HX, Pages

from db import rules, tickets
from db.models import Mail, Person, Rule, Ticket

LIGHTS = {
    "name": "Lights",
    "words": "floodlight, lamp",
    "tag": "building",
    "priority": "1",
    "assignee": "mia@westpark.example",
    "team": "grounds",
}


@pytest.fixture
def lead(pages: Pages) -> Pages:
    with pages.open_session() as session:
        session.get_one(Person, 1).role = "lead"
    return pages


def new_ticket(pages: Pages, said: str, sender: str = "bob@hale.example", **values: object) -> Ticket:
    with pages.open_session() as session:
        ticket = Ticket(subject="Hello", from_email=sender, **values)
        session.add(ticket)
        session.flush()
        mail = Mail(ticket_id=ticket.id, raw=b"", dedupe_key=said, text=said, from_email=sender, mailbox="imap office")
        session.add(mail)
        rules.apply(session, ticket, mail)
        session.flush()
        return tickets.get(session, ticket.id)


def seen(pages: Pages, ticket: Ticket) -> tuple[list[str], int, int | None, str]:
    with pages.open_session.reading() as session:
        found = tickets.get(session, ticket.id)
        return [one.name for one in found.tags], found.priority, found.assignee_id, found.team


def test_a_rule_is_tried_on_past_mail_before_it_serves(lead: Pages) -> None:
    before = new_ticket(lead, "The floodlights are off, one lamp flickers.")

    answer = lead.client.post("/rules", data=LIGHTS, headers=FORM)
    page = lead.client.get(answer.headers["location"]).text

    assert "1 fits" in page
    assert "is only tried" in page
    assert seen(lead, before) == ([], 0, None, "")
    assert seen(lead, new_ticket(lead, "Another lamp")) == ([], 0, None, "")

    lead.client.post("/rules", data={**LIGHTS, "id": "1", "serves": "on"}, headers=FORM)
    assert seen(lead, new_ticket(lead, "A third lamp!")) == (["building"], 1, 1, "grounds")
    assert seen(lead, new_ticket(lead, "Lampshades")) == ([], 0, None, "")  # a word, not a part of one


def test_what_a_person_set_stays(lead: Pages) -> None:
    lead.client.post("/rules", data={**LIGHTS, "serves": "on"}, headers=FORM)

    ticket = new_ticket(lead, "A lamp again", priority=2, team="office")

    assert seen(lead, ticket) == (["building"], 2, 1, "office")


@pytest.mark.parametrize(
    ("conditions", "fits"),
    [
        ({"sender": "hale.example"}, True),
        ({"sender": "@hale.example"}, True),
        ({"sender": "bob@hale.example"}, True),
        ({"sender": "rob@hale.example"}, False),
        ({"sender": "ale.example"}, False),
        ({"mailbox": "office"}, True),
        ({"mailbox": "youth"}, False),
        ({"category": "other"}, False),
        ({"words": "court, lamp", "sender": "hale.example"}, True),
        ({"words": "court", "sender": "hale.example"}, False),
    ],
)
def test_all_conditions_must_hold(conditions: dict[str, str], fits: bool) -> None:
    rule = Rule(name="x", conditions=conditions, effects={"tag": "x"})
    ticket = Ticket(subject="Hello", from_email="bob@hale.example", category="reset_password")
    mail = Mail(text="A lamp.", said="", mailbox="imap office@club")

    assert rules.fits(rule, ticket, mail) is fits


@pytest.mark.parametrize(
    "stated",
    [
        {"name": ""},
        {"words": "", "sender": ""},
        {"tag": "", "priority": "", "assignee": "", "team": ""},
        {"priority": "9"},
        {"assignee": "no@x.example"},
    ],
)
def test_a_rule_that_says_too_little_is_refused(lead: Pages, stated: dict[str, str]) -> None:
    assert lead.client.post("/rules", data={**LIGHTS, **stated}, headers=HX).status_code == 422


def test_senders_are_blocked_and_let_in_again(lead: Pages) -> None:
    lead.client.post("/blocked-senders", data={"sender": "Spam.Example"}, headers=FORM)

    with lead.open_session() as session:
        assert rules.is_blocked(session, "x@mail.spam.example")
        assert not rules.is_blocked(session, "x@notspam.example")
    assert lead.client.post("/blocked-senders", data={"sender": "everybody"}, headers=HX).status_code == 422
    lead.client.post("/blocked-senders/end", data={"sender": "spam.example"}, headers=FORM)
    with lead.open_session() as session:
        assert not rules.is_blocked(session, "x@spam.example")


def test_rules_are_made_by_leads(pages: Pages) -> None:
    assert pages.client.get("/rules", headers={"Accept": "text/html"}).status_code == 403
    assert pages.client.post("/rules", data=LIGHTS, headers=HX).status_code == 403
    assert pages.client.post("/blocked-senders", data={"sender": "a.b"}, headers=HX).status_code == 403
