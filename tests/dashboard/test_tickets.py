"""The queue and one ticket, as a browser gets them."""

import pytest
from pages import Pages

from db import decisions, tickets


def test_the_queue_opens_the_first_ticket_beside_it(pages: Pages) -> None:
    page = pages.client.get("/tickets").text

    assert 'id="ticket-1-row"' in page
    assert 'id="ticket-1-proposal"' in page
    assert "Reset password for anna42 and reply to anna@kowalczyk.example" in page


def test_a_mail_is_shown_as_text_with_the_used_words_marked(pages: Pages) -> None:
    page = pages.client.get("/tickets/1").text

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert 'id="w-username"' in page
    assert "Login &lt;b&gt;" in page


def test_the_same_ticket_comes_with_and_without_htmx(pages: Pages) -> None:
    assert pages.client.get("/tickets/1", headers={"HX-Request": "true"}).text == pages.client.get("/tickets/1").text


@pytest.mark.parametrize("path", ["/tickets", "/tickets/1", "/sent", "/docs", "/openapi.json", "/live", "/mails/1.eml"])
def test_nothing_is_shown_to_a_stranger(pages: Pages, path: str) -> None:
    answer = pages.stranger.get(path)

    assert answer.status_code == 303
    assert answer.headers["location"] == "/session"


def test_a_ticket_that_is_not_there_says_so(pages: Pages) -> None:
    answer = pages.client.get("/tickets/77", headers={"Accept": "text/html"})

    assert answer.status_code == 404
    assert "There is no ticket 77." in answer.text


def test_a_failed_check_greys_the_button_with_its_reason(pages: Pages) -> None:
    with pages.open_session() as session:
        ticket = tickets.get(session, 1)
        ticket.plan = {**(ticket.plan or {}), "action": "", "blocked": "Cannot reset password: no such account"}

    page = pages.client.get("/tickets/1").text

    assert 'aria-disabled="true"' in page
    assert "Cannot reset password: no such account" in page


def test_an_approved_ticket_can_be_undone_from_its_page(pages: Pages) -> None:
    pages.client.post("/tickets/1/approval", data=pages.form(), headers={"Sec-Fetch-Site": "same-origin"})

    page = pages.client.get("/tickets/1").text

    assert "/tickets/1/withdrawal" in page
    assert 'id="ticket-1-toast"' in page


def test_a_stuck_ticket_gives_its_reason(pages: Pages) -> None:
    pages.client.post("/tickets/1/approval", data=pages.form(), headers={"Sec-Fetch-Site": "same-origin"})
    with pages.open_session() as session:
        decisions.stick(session, tickets.get(session, 1), "The club did not answer.", by="courtdesk")

    assert "The club did not answer." in pages.client.get("/tickets/1?view=stuck").text


def test_every_page_carries_the_policy(pages: Pages) -> None:
    headers = pages.client.get("/tickets").headers

    assert "script-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"


def test_a_raw_mail_is_a_download(pages: Pages) -> None:
    answer = pages.client.get("/mails/1.eml")

    assert answer.content == b"raw bytes"
    assert answer.headers["content-disposition"].startswith("attachment")
