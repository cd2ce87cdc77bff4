"""Who somebody is: to the club, to this desk, and that two addresses are one person."""

import pytest
from pages import FORM, HX, Pages

from db import customers, tickets
from db.customers import CannotMerge
from db.models import Person

ANNA = "/customers?email=anna@kowalczyk.example"


def add(pages: Pages, email: str, name: str, subject: str) -> None:
    with pages.open_session() as session:
        tickets.open_by_hand(session, by="mia", subject=subject, body="Hello", from_email=email, from_name=name)


def test_the_card_shows_account_bookings_and_earlier_tickets(pages: Pages) -> None:
    add(pages, "anna@kowalczyk.example", "Anna K.", "Court <i>")

    page = pages.client.get(ANNA).text

    assert "anna42" in page
    assert "active, since 2019" in page
    assert "Tue 14 May, 18:00" in page
    assert "2 tickets" in page
    assert "Court &lt;i&gt;" in page
    assert 'hx-get="/customers?email=anna%40kowalczyk.example"' in pages.client.get("/tickets/1").text


def test_two_addresses_become_one_person_and_can_be_parted(pages: Pages) -> None:
    add(pages, "anna@work.example", "Anna at work", "From work")
    pages.client.post(ANNA, data={"name": "Anna", "about": "Plays on Tuesdays."}, headers=FORM)
    with pages.open_session() as session:
        customers.write_down(session, "anna@work.example", about="Likes court 3.")

    merged = pages.client.post(
        "/customers/addresses?email=anna@kowalczyk.example", data={"other": "Anna@Work.example"}, headers=FORM
    )

    assert merged.status_code == 303
    page = pages.client.get("/customers?email=anna@work.example").text
    for words in ("From work", "Login", "Plays on Tuesdays.", "Likes court 3.", "2 tickets"):
        assert words in page
    pages.client.post(
        "/customers/addresses/end?email=anna@kowalczyk.example", data={"other": "anna@work.example"}, headers=FORM
    )
    assert "From work" not in pages.client.get(ANNA).text


@pytest.mark.parametrize("other", ["", "nobody", "anna@kowalczyk.example"])
def test_what_cannot_be_merged_says_why(pages: Pages, other: str) -> None:
    answer = pages.client.post("/customers/addresses?email=anna@kowalczyk.example", data={"other": other}, headers=HX)

    assert answer.status_code == 422


def test_an_address_that_nobody_wrote_from_is_no_error(pages: Pages) -> None:
    assert pages.client.get("/customers?email=new@x.example").status_code == 200
    assert pages.client.get("/customers?email=nonsense", headers={"Accept": "text/html"}).status_code == 422


def test_merging_somebody_with_themselves_is_refused(pages: Pages) -> None:
    with pages.open_session() as session:
        customers.merge(session, "a@x.example", "b@x.example")
        with pytest.raises(CannotMerge, match="already"):
            customers.merge(session, "b@x.example", "a@x.example")


def test_forgetting_somebody_is_asked_twice_and_an_admins(pages: Pages) -> None:
    address = "/customers/oblivion?email=anna@kowalczyk.example"
    assert pages.client.get(address, headers=FORM).status_code == 403
    with pages.open_session() as session:
        session.get_one(Person, 1).role = "admin"
    assert "What would be erased" in pages.client.get(address).text
    refused = pages.client.post(address, data={"sure": "anna"}, headers=FORM)
    assert refused.status_code == 422
    assert pages.ticket().from_email == "anna@kowalczyk.example"

    done = pages.client.post(address, data={"sure": "Anna@kowalczyk.example"}, headers=FORM)

    assert done.status_code == 200
    assert pages.ticket().from_email == ""
    page = pages.client.get("/tickets/1?view=all").text  # it can still be looked at
    assert "What was written here was forgotten." in page
    assert "Anna" not in page
