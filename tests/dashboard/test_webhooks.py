"""The pages of webhooks: only admins, and no secret without asking."""

import pytest
from pages import FORM, Pages

from db.models import Delivery, Person, Webhook


@pytest.fixture
def admin(pages: Pages) -> Pages:
    with pages.open_session() as session:
        session.get_one(Person, 1).role = "admin"
    return pages


def make(pages: Pages, url: str = "https://1.1.1.1/hook", kind: str = "ticket.replied") -> str:
    answer = pages.client.post("/webhooks", data={"url": url, "kind": kind}, headers=FORM)
    return str(answer.headers.get("location", answer.text))


def test_one_is_made_tried_switched_off_and_removed(admin: Pages) -> None:
    where = make(admin)
    assert where == "/webhooks/1"
    assert "whsec_" in admin.client.get(where).text
    admin.client.post(f"{where}/test", headers=FORM)
    assert "ping" in admin.client.get(where).text
    admin.client.post(f"{where}/state", data={"on": "0"}, headers=FORM)
    assert "It is off" in admin.client.get(where).text
    admin.client.post(f"{where}/end", headers=FORM)

    assert "Nobody is told yet" in admin.client.get("/webhooks").text
    with admin.open_session.reading() as session:
        assert session.query(Delivery).count() == 0  # its log went with it


def test_a_new_secret_replaces_the_old(admin: Pages) -> None:
    where = make(admin)
    with admin.open_session.reading() as session:
        old = session.query(Webhook).one().secret

    admin.client.post(f"{where}/secret", headers=FORM)

    with admin.open_session.reading() as session:
        assert session.query(Webhook).one().secret != old
    assert old not in admin.client.get(where).text


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [("http://127.0.0.1/", "ticket.replied", "own network"), ("https://1.1.1.1/", "ticket.nonsense", "Choose at least one")],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words(admin: Pages, url: str, kind: str, words: str) -> None:
    assert words in make(admin, url, kind)


def test_nobody_else_sees_them(pages: Pages) -> None:
    for path in ("/webhooks", "/webhooks/1"):
        assert pages.client.get(path, headers=FORM).status_code == 403
    assert (
        pages.client.post(
            "/webhooks", data={"url": "https://1.1.1.1/", "kind": "ticket.replied"}, headers=FORM
        ).status_code
        == 403
    )


def test_one_that_is_gone_is_said(admin: Pages) -> None:
    answer = admin.client.get("/webhooks/9", headers=FORM)
    assert answer.status_code == 422
    assert "has been removed" in answer.text
