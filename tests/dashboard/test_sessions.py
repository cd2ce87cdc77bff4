"""Signing in and out, and the first admin."""

from datetime import timedelta

from pages import FORM, Pages

from db import people
from db.models import Person, SignIn, now


def test_a_right_password_leads_to_the_queue(pages: Pages) -> None:
    answer = pages.stranger.post(
        "/session", data={"email": "mia@westpark.example", "password": "correct horse"}, headers=FORM
    )

    assert answer.headers["location"] == "/tickets"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert pages.stranger.get("/tickets").status_code == 200


def test_a_wrong_password_says_so_and_keeps_the_address(pages: Pages) -> None:
    answer = pages.stranger.post("/session", data={"email": "mia@westpark.example", "password": "wrong"}, headers=FORM)

    assert answer.status_code == 422
    assert "do not belong together" in answer.text
    assert 'value="mia@westpark.example"' in answer.text


def test_signing_out_ends_the_session(pages: Pages) -> None:
    pages.client.post("/session/end", headers=FORM)

    assert pages.client.get("/tickets").status_code == 303


def test_the_set_up_link_is_shut_once_there_is_somebody(pages: Pages) -> None:
    with pages.open_session() as session:
        token = people.offer_set_up(session)

    assert pages.stranger.get(f"/set-up/{token}", headers={"Accept": "text/html"}).status_code == 422


def test_the_set_up_link_makes_the_first_admin(pages: Pages) -> None:
    with pages.open_session() as session:
        session.query(Person).delete()
        token = people.offer_set_up(session)

    assert "Choose how you will sign in" in pages.stranger.get(f"/set-up/{token}").text
    pages.stranger.post(f"/set-up/{token}", data={"email": "a@b.example", "password": "correct horse"}, headers=FORM)

    with pages.open_session.reading() as session:
        assert session.query(Person).one().role == "admin"


def test_a_page_keeps_its_reader_signed_in(pages: Pages) -> None:
    with pages.open_session() as session:
        session.query(SignIn).update({SignIn.seen_at: now() - timedelta(hours=7)})

    pages.client.get("/tickets")

    with pages.open_session.reading() as session:
        newest = max(seen for (seen,) in session.query(SignIn.seen_at))
        assert now() - newest < timedelta(minutes=1)
