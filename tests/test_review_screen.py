"""The review screen in a real browser, by keyboard alone; and two browsers on one ticket."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from browsers import Served, add_person, chrome, complaints, press, served, text_of, until
from builders import QUESTION, RESET
from fakes import FakePreCheck
from pages import PLAN, build_app, put_ticket
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from servers import why_not
from sqlalchemy import select

from db import tickets
from db.desk import Desk
from db.lifecycle import PROGRAM, Status
from db.models import Edit, Mail, Note, Presence, Ticket
from db.plans import Check, Plan
from db.session import OpenSession

CHANGED = 0.5  # seconds: a press right after the button changed counts for nothing
REASON = why_not("chromium", "chromedriver")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(REASON), reason=REASON)]


@pytest.fixture
def page(open_session: OpenSession, desk: Desk) -> Iterator[Served]:
    """Ticket 1 resets Anna's password; 2 to 4 are questions."""
    with open_session() as session:
        put_ticket(session)
    add_person(open_session, 1, "Mia Berg")
    add_person(open_session, 2, "Jana Lang")
    for number in (2, 3, 4):
        put_question(open_session, number)
    pre_check = ByCategory([PLAN])
    with served(build_app(open_session, desk, pre_check), open_session, pre_check) as made:
        yield made


class ByCategory(FakePreCheck):
    def plan(self, asked: object) -> Plan:
        is_question = getattr(asked, "category", "") == "general_inquiry"
        return replace(reply_to(3), to=getattr(asked, "from_email", "")) if is_question else super().plan(asked)  # type: ignore[arg-type]


def reply_to(number: int) -> Plan:
    return Plan("", {}, f"member{number}@x.example", checks=(Check(True, "a page was found"),))


def put_question(open_session: OpenSession, number: int) -> None:
    with open_session() as session:
        ticket = Ticket(
            subject=f"Opening hours {number}", from_name=f"Member {number}", from_email=f"member{number}@x.example"
        )
        session.add(ticket)
        session.flush()
        mail = Mail(
            ticket_id=ticket.id,
            raw=b"raw",
            read=True,
            dedupe_key=f"k{number}",
            text="When do you open?",
            from_email=ticket.from_email,
        )
        session.add(mail)
        session.flush()
        session.refresh(ticket)
        tickets.propose(session, ticket, QUESTION, confidence=0.99, made_by={"categories": [["general_inquiry", 0.99]]})
        ticket.plan = reply_to(number).as_json()


@pytest.fixture
def mia(page: Served) -> Iterator[webdriver.Chrome]:
    with chrome() as driver:
        page.sign_in(driver)
        yield driver
        assert complaints(driver) == []


@pytest.fixture
def jana(page: Served) -> Iterator[webdriver.Chrome]:
    with chrome() as driver:
        page.sign_in(driver, "jana")
        yield driver


def body(browser: webdriver.Chrome) -> None:
    """The focus is where a page that has just loaded has it."""
    browser.execute_script("document.activeElement.blur()")  # type: ignore[no-untyped-call]


def shown(browser: webdriver.Chrome) -> str:
    return browser.find_element(By.ID, "conversation").get_attribute("data-ticket") or ""


def presences(page: Served) -> list[Presence]:
    with page.open_session.reading() as session:
        return list(session.scalars(select(Presence)))


def status(page: Served, number: int) -> str:
    with page.open_session.reading() as session:
        return tickets.get(session, number).status


def test_five_right_drafts_are_five_keys(page: Served, mia: webdriver.Chrome) -> None:
    for number in (1, 2, 3, 4):
        until(mia, lambda number=number: shown(mia) == str(number) and mia.find_element(By.CSS_SELECTOR, ".primary"))  # type: ignore[misc]
        time.sleep(CHANGED)
        press(mia, "a")
        until(mia, lambda number=number: status(page, number) == "approved")  # type: ignore[misc]

    until(mia, lambda: "and 3 more" in text_of(mia, ".toast"))  # the page may be changing under our eyes


def test_a_slip_is_mended_by_keys_alone_and_survives_a_reload(page: Served, mia: webdriver.Chrome) -> None:
    press(mia, "e", Keys.CONTROL + Keys.END, "\nSee you.")
    until(mia, lambda: text_of(mia, ".saved").startswith("Saved"))
    assert "with your edits" in text_of(mia, ".primary")
    assert "See you." in text_of(mia, ".diff")

    mia.refresh()
    reply = mia.find_element(By.ID, "f-reply").get_attribute("value") or ""
    assert reply.endswith("See you.")
    press(mia, "e")
    time.sleep(CHANGED)
    press(mia, Keys.CONTROL + Keys.ENTER)
    until(mia, lambda: status(page, 1) == "approved")

    with page.open_session.reading() as session:
        assert (tickets.get(session, 1).answer or {})["reply"].endswith("See you.")
        assert session.get(Edit, (1, 1)) is None


def test_another_user_name_is_checked_while_it_is_typed_and_blocks_the_button(
    page: Served, mia: webdriver.Chrome
) -> None:
    page.pre_check.plans = [Plan("", {}, "", blocked="Nobody is called bob7")]

    press(mia, "p", Keys.CONTROL + "a", "bob7")
    until(mia, lambda: text_of(mia, ".primary").startswith("Nobody is called bob7"))

    assert mia.switch_to.active_element.get_attribute("id") == "f-username"  # the focus stays where one types
    press(mia, Keys.ESCAPE, "a")
    assert status(page, 1) == "in_review"


def test_menus_open_at_a_key_and_answer_to_digits(page: Served, mia: webdriver.Chrome) -> None:
    press(mia, "m", "1")
    until(mia, lambda: "You" in text_of(mia, ".props"))
    body(mia)
    press(mia, "n", "She rang at nine.", Keys.CONTROL + Keys.ENTER)
    until(mia, lambda: "She rang at nine." in text_of(mia, ".note"))
    body(mia)
    press(mia, "t", "vip, reset", Keys.ENTER)
    until(mia, lambda: "reset, vip" in text_of(mia, ".props"))
    body(mia)
    press(mia, "x", "3")
    until(mia, lambda: status(page, 1) == "dismissed")

    with page.open_session.reading() as session:
        ticket = tickets.get(session, 1)
        assert ticket.assignee_id == 1
        assert session.get_one(Note, 1).author == "mia@westpark.example"
        assert "duplicate" in [event.note for event in ticket.events]


def test_a_snoozed_ticket_leaves_the_queue(page: Served, mia: webdriver.Chrome) -> None:
    press(mia, "h", "2")

    until(mia, lambda: not mia.find_elements(By.ID, "ticket-1-row"))
    press(mia, "g", "z")
    until(mia, lambda: mia.find_elements(By.ID, "ticket-1-row"))


def test_the_next_and_the_one_before_are_a_key_away_and_only_the_ticket_changes(
    page: Served, mia: webdriver.Chrome
) -> None:
    mia.execute_script("document.getElementById('queue-rows').dataset.mine = 'kept'")  # type: ignore[no-untyped-call]

    press(mia, "j")
    until(mia, lambda: shown(mia) == "2")
    press(mia, "j")
    until(mia, lambda: shown(mia) == "3")
    press(mia, "k")
    until(mia, lambda: shown(mia) == "2")

    assert mia.current_url.endswith("/tickets/2?view=open")
    assert mia.find_element(By.ID, "queue-rows").get_attribute("data-mine") == "kept"
    assert mia.find_element(By.CSS_SELECTOR, ".row-link[aria-current]").text.split("\n")[1] == "Member 2"


def test_rows_are_selected_by_keys_and_signed_together(page: Served, mia: webdriver.Chrome) -> None:
    press(mia, "j")
    until(mia, lambda: shown(mia) == "2")
    press(mia, " ", "J")
    until(mia, lambda: "2 selected, all question" in text_of(mia, "#queue-bulk"))

    mia.find_element(By.CSS_SELECTOR, "#queue-bulk .primary").click()
    until(mia, lambda: "2 signed" in text_of(mia, "h1"))

    assert [status(page, number) for number in (1, 2, 3, 4)] == ["in_review", "approved", "approved", "in_review"]


def test_a_search_answers_while_it_is_typed(page: Served, mia: webdriver.Chrome) -> None:
    press(mia, "/", *"script")
    until(mia, lambda: text_of(mia, ".row mark") == "script")  # the first letters find something, too

    assert "1 found" in text_of(mia, "#queue-hits")
    assert [row.get_attribute("id") for row in mia.find_elements(By.CSS_SELECTOR, ".row")] == ["ticket-1-row"]


def test_everything_else_is_found_by_its_name(page: Served, mia: webdriver.Chrome) -> None:
    press(mia, Keys.CONTROL + "k")
    press(mia, *"snoozed")
    assert "Snoozed" in text_of(mia, "#palette-list [aria-selected=true]")
    press(mia, Keys.ENTER)

    until(mia, lambda: "view=snoozed" in mia.current_url)


def test_a_new_ticket_waits_behind_a_count_and_moves_nothing(page: Served, mia: webdriver.Chrome) -> None:
    put_question(page.open_session, 5)

    until(mia, lambda: "1 new" in text_of(mia, "#queue-fresh"))
    assert not mia.find_elements(By.ID, "ticket-5-row")
    press(mia, "u")
    until(mia, lambda: mia.find_elements(By.ID, "ticket-5-row"))


def test_a_colleague_who_types_is_seen(page: Served, mia: webdriver.Chrome, jana: webdriver.Chrome) -> None:
    until(mia, lambda: "Jana Lang is reading" in text_of(mia, "#here"))

    press(jana, "e", "x")

    until(mia, lambda: "Jana Lang is typing" in text_of(mia, "#here"))


def test_of_two_who_approve_the_second_is_told_and_keeps_what_was_typed(
    page: Served, mia: webdriver.Chrome, jana: webdriver.Chrome
) -> None:
    press(jana, "e", Keys.CONTROL + Keys.END, " Jana was here.")
    until(jana, lambda: text_of(jana, ".saved").startswith("Saved"))
    time.sleep(CHANGED)
    press(mia, "a")
    until(mia, lambda: status(page, 1) == "approved")
    until(jana, lambda: "has changed" in text_of(jana, "#conversation .notices"))

    press(jana, Keys.CONTROL + Keys.ENTER)

    until(jana, lambda: "Nothing was done" in text_of(jana, "#problem"))
    assert (jana.find_element(By.ID, "f-reply").get_attribute("value") or "").endswith("Jana was here.")
    press(mia, "z")
    until(mia, lambda: status(page, 1) == "in_review")
    jana.get(f"{page.address}/tickets/1")
    assert (jana.find_element(By.ID, "f-reply").get_attribute("value") or "").endswith("Jana was here.")


def test_a_new_draft_does_not_take_away_what_is_being_typed(page: Served, mia: webdriver.Chrome) -> None:
    press(mia, "e", Keys.CONTROL + Keys.END, " My words.")
    until(mia, lambda: text_of(mia, ".saved").startswith("Saved"))
    with page.open_session() as session:
        ticket = tickets.get(session, 1)
        tickets.move(session, ticket, Status.RECEIVED, actor=PROGRAM, seen=ticket.version)
        tickets.propose(session, ticket, RESET.with_reply("A new draft {reset_url}"))
        ticket.plan = PLAN.as_json()

    until(mia, lambda: "has changed" in text_of(mia, "#conversation .notices"))
    assert (mia.find_element(By.ID, "f-reply").get_attribute("value") or "").endswith("My words.")
    mia.find_element(By.LINK_TEXT, "Show").click()
    until(mia, lambda: "What you typed is kept" in text_of(mia, ".proposal"))
    assert (mia.find_element(By.ID, "f-reply").get_attribute("value") or "").endswith("My words.")


def test_what_was_typed_survives_a_lost_session(page: Served, mia: webdriver.Chrome) -> None:
    press(mia, "e", Keys.CONTROL + Keys.END, " Saved.")
    until(mia, lambda: text_of(mia, ".saved").startswith("Saved"))  # typed already: no answer leads away from the page
    mia.delete_all_cookies()
    press(mia, " Kept here.")
    until(mia, lambda: "You were signed out" in text_of(mia, "#conversation .notices"))
    assert (mia.find_element(By.LINK_TEXT, "Sign in").get_attribute("href") or "").endswith("/session?next=%2Ftickets")

    page.sign_in(mia)

    until(mia, lambda: (mia.find_element(By.ID, "f-reply").get_attribute("value") or "").endswith("Kept here."))
    until(mia, lambda: text_of(mia, ".saved").startswith("Saved"))


def test_on_a_phone_one_column_at_a_time(page: Served) -> None:
    with chrome(390, 844) as phone:
        page.sign_in(phone)
        phone.get(f"{page.address}/tickets/1#queue")
        phone.find_element(By.CSS_SELECTOR, "#ticket-2-row .row-link").click()
        until(phone, lambda: shown(phone) == "2" and phone.find_element(By.ID, "subject").is_displayed())
        assert not phone.find_element(By.ID, "queue-rows").is_displayed()
        phone.find_element(By.CSS_SELECTOR, ".go-next").click()
        until(phone, lambda: phone.find_element(By.CSS_SELECTOR, ".primary").is_displayed())
        phone.find_element(By.CSS_SELECTOR, ".primary").click()
        until(phone, lambda: status(page, 2) == "approved")
