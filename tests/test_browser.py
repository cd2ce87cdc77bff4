"""The whole way in a real browser: mail in by Dovecot, drafted, edited, approved by key, done, answered, threaded."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsers import chrome, text_of, until
from builders import words_of
from house import MAIL, Town, town
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from servers import why_not

REASON = why_not("dovecot", "chromium", "chromedriver")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.server,
    pytest.mark.model,
    pytest.mark.skipif(bool(REASON), reason=REASON),
]


@pytest.fixture
def browser() -> Iterator[webdriver.Chrome]:
    with chrome() as driver:
        yield driver


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path, UNDO_SECONDS="2") as built:
        built.app.start()
        yield built


def sign_in(browser: webdriver.Chrome, house: Town) -> None:
    browser.get(f"{house.app.address}/session")
    browser.find_element(By.ID, "email").send_keys("mia@westpark.example")
    browser.find_element(By.ID, "password").send_keys("correct horse", Keys.ENTER)
    until(browser, lambda: browser.find_element(By.ID, "desk"))


def test_a_forgotten_password_from_mail_to_threaded_reply(browser: webdriver.Chrome, house: Town) -> None:
    sign_in(browser, house)
    until(browser, lambda: "Nothing waits" in text_of(browser, "#desk"))

    house.dovecot.deliver(MAIL)  # nobody reloads: the ticket and then its draft appear by themselves
    until(browser, lambda: browser.find_element(By.ID, "ticket-1-row"))
    until(browser, lambda: browser.find_element(By.CSS_SELECTOR, ".primary:not([aria-disabled])").is_displayed())
    until(
        browser, lambda: "Reset password for dropshot and reply to oliver@finch.example" in text_of(browser, ".primary")
    )
    assert browser.find_element(By.ID, "w-username").text.startswith("dropshot")

    page = browser.find_element(By.TAG_NAME, "body")
    page.send_keys("e")
    reply = browser.switch_to.active_element
    assert reply.get_attribute("id") == "f-reply"
    reply.send_keys(Keys.CONTROL, Keys.END)
    reply.send_keys("\nSee you on court.")
    assert "with your edits" in browser.find_element(By.CSS_SELECTOR, ".primary").text
    reply.send_keys(Keys.ESCAPE)
    browser.switch_to.active_element.send_keys("a")

    until(browser, house.effects)
    ticket = house.wait("replied")
    until(browser, lambda: house.inbox("oliver"))

    (effect,) = house.effects()
    (mail,) = house.inbox("oliver")
    text = words_of(mail)
    assert "https://club.example/reset/" in text
    assert "{reset_url}" not in text
    assert "See you on court." in text
    assert "TC Westpark" in text
    assert (mail["In-Reply-To"], mail["References"]) == (
        "<login-1@finch.example>",
        "<older@finch.example> <login-1@finch.example>",
    )
    assert mail["Subject"] == "Re: Login"
    assert effect["status"] == 200
    assert ticket.draft is not None
    assert ticket.answer is not None
    assert ticket.answer["reply"].endswith("See you on court.")
    assert not ticket.draft["reply"].endswith("See you on court.")
    problems = [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]  # type: ignore[no-untyped-call]
    assert problems == []


def test_an_approval_is_undone_by_key_and_nothing_happens(browser: webdriver.Chrome, house: Town) -> None:
    sign_in(browser, house)
    house.dovecot.deliver(MAIL)
    until(browser, lambda: "Reset password for dropshot" in text_of(browser, ".primary"))

    time.sleep(0.5)  # a press right after the button changed counts for nothing
    browser.find_element(By.TAG_NAME, "body").send_keys("a")
    until(browser, lambda: browser.find_element(By.ID, "ticket-1-toast"))
    browser.find_element(By.TAG_NAME, "body").send_keys("z")

    assert house.wait("in_review").answer is not None
    assert house.effects() == []
    assert house.sink.mails == []
