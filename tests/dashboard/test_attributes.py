"""Around the ticket: whose it is, until when it rests, what colleagues say, who else is here."""

from datetime import timedelta

import pytest
from pages import FORM, HX, Pages

from db import attributes, people, queue, tickets, trail
from db.models import Note, Person, Presence, SignIn, Ticket, now

WHERE = {"where": "view=mine&q=court&evil=1"}


@pytest.fixture
def jana(pages: Pages) -> Person:
    with pages.open_session() as session:
        person = Person(id=2, email="jana@westpark.example", name="Jana Lang", password_hash="x", role="agent")
        session.add(person)
        session.flush()
        session.add(SignIn(token_hash=people.digest("jana"), person_id=2))
    return person


def send(pages: Pages, noun: str, **values: str) -> str:
    answer = pages.client.post(f"/tickets/1/{noun}", data={**WHERE, **values}, headers=FORM)
    assert answer.status_code == 303
    return answer.headers["location"]


def test_a_form_leads_back_to_the_view_it_came_from_and_to_nothing_else(pages: Pages) -> None:
    assert send(pages, "assignment", person="mia@westpark.example") == "/tickets/1?view=mine&q=court"


def test_a_ticket_is_assigned_and_given_back(pages: Pages, jana: Person) -> None:
    send(pages, "assignment", person=jana.email)
    assert pages.ticket().assignee_id == 2
    assert "Jana Lang" in pages.client.get("/tickets/1").text

    send(pages, "assignment", person="")
    assert pages.ticket().assignee_id is None
    answer = pages.client.post("/tickets/1/assignment", data={"person": "nobody@x.example"}, headers=FORM)
    assert answer.status_code == 422


def test_a_team_takes_a_ticket_over_and_finds_it_in_its_view(pages: Pages, jana: Person) -> None:
    send(pages, "assignment", person="mia@westpark.example")
    with pages.open_session() as session:
        session.get_one(Person, 2).team = "courts"
    assert "Team courts" in pages.client.get("/tickets/1").text  # in the menu

    send(pages, "assignment", team=" courts ")

    assert (pages.ticket().team, pages.ticket().assignee_id) == ("courts", None)
    assert 'id="ticket-1-row"' not in pages.client.get("/tickets?view=team").text  # she is in no team
    with pages.open_session() as session:
        session.get_one(Person, 1).team = "courts"
    page = pages.client.get("/tickets?view=team").text
    assert "Tickets of your team" in page
    assert 'id="ticket-1-row"' in page
    send(pages, "assignment", team="")
    assert 'id="ticket-1-row"' not in pages.client.get("/tickets?view=team").text


@pytest.mark.parametrize("until", ["hour", "tomorrow", "monday", "week", "2030-05-14T09:00"])
def test_a_ticket_rests_until_then(pages: Pages, until: str) -> None:
    send(pages, "snooze", until=until)

    until_when = pages.ticket().snoozed_until
    assert until_when is not None
    assert until_when > now() + timedelta(minutes=50)
    assert 'id="ticket-1-row"' not in pages.client.get("/tickets").text
    assert 'id="ticket-1-row"' in pages.client.get("/tickets?view=snoozed").text
    send(pages, "snooze", until="")
    assert 'id="ticket-1-row"' in pages.client.get("/tickets").text


@pytest.mark.parametrize(("until", "words"), [("soon", "as a date and a time"), ("2001-01-01T09:00", "still to come")])
def test_a_moment_that_cannot_be_is_refused(pages: Pages, until: str, words: str) -> None:
    answer = pages.client.post("/tickets/1/snooze", data={"until": until}, headers=HX)

    assert answer.status_code == 422
    assert words in answer.text


def test_a_ticket_waits_for_somebody(pages: Pages) -> None:
    send(pages, "wait", **{"for": "the customer"})

    assert "Waits for the customer" in pages.client.get("/tickets/1").text
    assert 'id="ticket-1-row"' in pages.client.get("/tickets?view=waiting").text


def test_a_note_stands_in_the_conversation_and_names_colleagues(pages: Pages, jana: Person) -> None:
    send(pages, "notes", text="@jana please look <script>, mail x@y.example")

    page = pages.client.get("/tickets/1").text
    assert "@jana please look &lt;script&gt;" in page
    with pages.open_session.reading() as session:
        assert session.get_one(Note, 1).mentions == [2]
    assert pages.client.post("/tickets/1/notes", data={"text": "  "}, headers=HX).status_code == 422


def test_tags_and_priority_are_set_and_lead_to_their_tickets(pages: Pages) -> None:
    send(pages, "tags", tag="VIP, court 3")
    send(pages, "priority", priority="2")

    assert "court 3, vip" in pages.client.get("/tickets/1").text
    assert 'id="ticket-1-row"' in pages.client.get("/tickets?view=all&tag=vip").text
    assert 'id="ticket-1-row"' not in pages.client.get("/tickets?view=all&tag=other").text
    assert pages.client.post("/tickets/1/priority", data={"priority": "high"}, headers=HX).status_code == 422


def test_who_else_is_here_is_shown_and_forgotten(pages: Pages, jana: Person) -> None:
    pages.stranger.cookies.set("courtdesk", "jana")
    pages.stranger.post("/tickets/1/presence", data={"typing": "1"}, headers=HX)

    said = pages.client.post("/tickets/1/presence", data={"typing": "0"}, headers=HX).text
    assert "Jana Lang is typing" in said
    assert "mia" not in said

    with pages.open_session() as session:
        session.get_one(Presence, (1, 2)).at = now() - timedelta(minutes=2)
    assert "Jana" not in pages.client.post("/tickets/1/presence", data={}, headers=HX).text


def seen(pages: Pages) -> bool:
    with pages.open_session.reading() as session:
        return trail.has_seen(session, tickets.get(session, 1), "mia@westpark.example")


def test_a_look_in_advance_is_kept_for_a_moment_and_is_no_look(pages: Pages) -> None:
    answer = pages.client.get("/tickets/1", headers={"HX-Request": "true", "HX-Preloaded": "true"})

    assert answer.headers["cache-control"] == "private, max-age=5"
    assert not seen(pages)
    assert pages.client.get("/tickets/1").headers["cache-control"] == "no-store"
    assert seen(pages)


def test_a_view_is_kept_under_a_name(pages: Pages) -> None:
    pages.client.post("/views", data={"name": "Reset mails", "where": "view=human&q=reset"}, headers=FORM)

    assert '<a href="/tickets?view=human&amp;q=reset">Reset mails</a>' in pages.client.get("/tickets").text
    pages.client.post("/views/1/end", headers=FORM)
    assert "Reset mails" not in pages.client.get("/tickets").text
    assert pages.client.post("/views", data={"name": " "}, headers=HX).status_code == 422


def test_a_search_marks_its_hits_and_a_wrong_filter_is_explained(pages: Pages) -> None:
    page = pages.client.get("/tickets?view=all&q=anna42").text

    assert "<mark>anna42</mark>" in page
    assert "1 found" in page
    assert "No ticket fits" in pages.client.get("/tickets?view=all&q=zzzz").text
    answer = pages.client.get("/tickets?q=status:wrong", headers={"Accept": "text/html"})
    assert (answer.status_code, "may be received" in answer.text) == (422, True)


def test_settings_of_ones_own_pages_are_kept(pages: Pages) -> None:
    chosen = {"name": "Mia Berg", "theme": "dark", "language": "", "zone": "America/New_York"}

    assert pages.client.post("/me", data=chosen, headers=FORM).status_code == 303

    page = pages.client.get("/me").text
    assert 'data-theme="dark"' in page
    assert 'data-keys="off"' in page  # the box was not ticked
    assert "Mia Berg" in page
    wrong = {**chosen, "zone": "Mars/Base"}
    assert pages.client.post("/me", data=wrong, headers=HX).status_code == 422


def test_a_new_mail_wakes_a_ticket() -> None:
    """The rule itself; `test_intake` shows it with a mail."""
    ticket = Ticket(snoozed_until=now(), waiting_for="the customer")

    attributes.wake(ticket)

    assert (ticket.snoozed_until, ticket.waiting_for) == (None, "")
    assert queue.Query().as_json() == {"view": "open"}
