"""A new desk, from the one-time link to the first answered mail, with nothing configured before: all in the browser."""

import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsers import chrome, until
from builders import words_of
from house import Town
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from servers import App, Dovecot, Sink, why_not

REASON = why_not("dovecot", "chromium", "chromedriver")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.server,
    pytest.mark.model,
    pytest.mark.skipif(bool(REASON), reason=REASON),
]
QUESTION = (
    b"From: Oliver Finch <oliver@finch.example>\r\nTo: office@westpark.example\r\nSubject: Opening hours\r\n"
    b"Message-ID: <hours-1@finch.example>\r\nDate: Thu, 14 May 2026 09:12:00 +0200\r\n\r\n"
    b"Hello,\r\n\r\nwhen are you open at the weekend?\r\n\r\nThanks\r\nOliver Finch\r\n"
)


@pytest.fixture
def bare() -> Iterator[Town]:
    """Servers, and a desk that knows of none of them."""
    with (
        Dovecot({"office": "s3cret", "oliver": "s3cret", "mia": "s3cret"}) as dovecot,
        Sink(pass_on=dovecot) as sink,
        tempfile.TemporaryDirectory(prefix="cd") as var,
    ):
        app = App({"UNDO_SECONDS": "1", "MAIL_IDLE_SECONDS": "2"}, Path(var))
        try:
            app.start()
            yield Town(app, dovecot, sink, Path(var))
        finally:
            app.stop()


def fill(browser: webdriver.Chrome, form: str, **values: str) -> None:
    for name, value in values.items():
        field = browser.find_element(By.CSS_SELECTOR, f'form[action="{form}"] [name="{name}"]')
        if field.tag_name == "select":
            Select(field).select_by_value(value)
        else:
            field.clear()
            field.send_keys(value)
    browser.find_element(By.CSS_SELECTOR, f'form[action="{form}"] .primary').click()


def test_from_nothing_to_the_first_answer(bare: Town) -> None:
    with chrome() as browser:
        log = (bare.app.var / "app.log").read_text()
        found = re.search(r"http://\S+/set-up/\S+", log)
        assert found is not None, log
        browser.get(found[0])
        fill(
            browser,
            browser.current_url.replace(bare.app.address, ""),
            email="mia@westpark.example",
            password="correct horse 7",
        )
        until(browser, lambda: browser.current_url.endswith("/first-steps"))  # signed in at once, and led on

        def is_done(step: str) -> bool:
            return "is-done" in (browser.find_element(By.ID, f"step-{step}").get_attribute("class") or "")

        assert not is_done("mailbox")
        browser.find_element(By.LINK_TEXT, "Add a mailbox and try the connection").click()
        fill(
            browser,
            "/mailboxes",
            host="127.0.0.1",
            port=str(bare.dovecot.imap),
            user="office",
            password="wrong",
            security="none",
        )
        browser.find_element(By.CSS_SELECTOR, '[action="/mailboxes/1/trial"] button').click()
        until(browser, lambda: "refuses user office" in browser.find_element(By.CSS_SELECTOR, ".mail-notice").text)
        browser.find_element(By.CSS_SELECTOR, '[action="/mailboxes/1/removal"] button').click()
        fill(
            browser,
            "/mailboxes",
            host="127.0.0.1",
            port=str(bare.dovecot.imap),
            user="office",
            password="s3cret",
            security="none",
        )
        number = browser.find_element(By.CSS_SELECTOR, '[id^="mailbox-"]').get_attribute("id").rpartition("-")[2]  # type: ignore[union-attr]
        browser.find_element(By.CSS_SELECTOR, f'[action="/mailboxes/{number}/trial"] button').click()
        until(browser, lambda: "Signed in as office" in browser.find_element(By.CSS_SELECTOR, ".mail-notice").text)

        fill(
            browser,
            "/outgoing",
            host="127.0.0.1",
            port=str(bare.sink.port),
            security="none",
            sender="office@westpark.example",
        )
        until(
            browser, lambda: browser.find_element(By.CSS_SELECTOR, '[action="/outgoing/trial"] button').click() is None
        )
        until(
            browser, lambda: "was handed over" in browser.find_element(By.CSS_SELECTOR, "#outgoing .mail-notice").text
        )
        assert bare.sink.mails[0][0] == "mia@westpark.example"

        browser.get(f"{bare.app.address}/first-steps")
        for step in ("mailbox", "sending", "model"):  # the page says so by itself
            until(browser, lambda step=step: is_done(step))  # type: ignore[misc]
        bare.dovecot.deliver(QUESTION)
        until(browser, lambda: is_done("draft"))
        browser.find_element(By.CSS_SELECTOR, "#step-draft a").click()
        until(browser, lambda: browser.find_element(By.CSS_SELECTOR, ".primary:not([aria-disabled])"))
        time.sleep(0.6)  # a press right after the button appeared counts for nothing
        browser.find_element(By.TAG_NAME, "body").send_keys("a")
        bare.wait("replied")

        browser.get(f"{bare.app.address}/first-steps")
        for step in ("signed", "answered"):
            assert is_done(step)
        (answer,) = bare.inbox("oliver")
        assert "TC Westpark" in words_of(answer)
