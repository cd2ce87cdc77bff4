"""Several tickets at once: one category, all checks passed, never accounts; each signed for itself."""

from dataclasses import replace

import pytest
from builders import QUESTION
from pages import FORM, Pages
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db import tickets
from db.lifecycle import Status
from db.models import Promise, Ticket
from db.plans import Check, Plan

REPLY = Plan("", {}, "anna@kowalczyk.example", checks=(Check(True, "the page was found"),))


@pytest.fixture
def four(pages: Pages) -> Pages:
    """Ticket 1 resets a password; 2 to 4 are questions, of which 4 has a check that did not pass."""
    with pages.open_session() as session:
        for number, plan in enumerate((REPLY, REPLY, replace(REPLY, checks=(Check(False, "no page fits"),))), start=2):
            put(session, number, plan)
    pages.pre_check.plans = [REPLY]
    return pages


def put(session: Session, number: int, plan: Plan) -> None:
    ticket = Ticket(id=number, subject=f"Question {number}", from_name=f"Member {number}", from_email="m@x.example")
    session.add(ticket)
    session.flush()
    tickets.propose(session, ticket, QUESTION, confidence=0.99)
    ticket.plan = plan.as_json()


def statuses(pages: Pages) -> list[str]:
    with pages.open_session.reading() as session:
        return [tickets.get(session, number).status for number in range(1, 5)]


def send(pages: Pages, order: str, numbers: list[int], value: str = "", version: int = 2) -> str:
    form = {"do": order, "value": value, "ticket": [f"{number}:{version}" for number in numbers]}
    return pages.client.post("/bulk", data=form, headers=FORM).text


def test_the_summary_shows_what_differs_and_who_is_left_out(four: Pages) -> None:
    page = four.client.get("/bulk?ticket=2&ticket=3&ticket=4").text

    assert "3 selected, all question" in page
    assert "left out: one of its checks did not pass" in page
    assert "<th" in page
    assert "sign 2 tickets and send 2 replies" in page


def test_only_those_that_fit_are_signed(four: Pages) -> None:
    page = send(four, "approve", [2, 3, 4])

    assert "2 signed, 1 not" in page
    assert statuses(four) == ["in_review", "approved", "approved", "in_review"]
    with four.open_session.reading() as session:
        assert session.scalar(select(func.count()).select_from(Promise)) == 2


def test_accounts_and_mixed_categories_are_never_signed_together(four: Pages) -> None:
    assert "actions on accounts are signed one by one" in send(four, "approve", [1])
    assert "not all of one category" in send(four, "approve", [1, 2])
    assert "sign 1" not in four.client.get("/bulk?ticket=1&ticket=2").text
    assert statuses(four) == ["in_review"] * 4


def test_what_changed_meanwhile_is_refused_and_said(four: Pages) -> None:
    page = send(four, "approve", [2, 3], version=1)

    assert "0 signed, 2 not" in page
    assert "changed while you were looking" in page
    assert statuses(four) == ["in_review"] * 4


def test_a_check_that_fails_at_the_last_moment_refuses_that_ticket(four: Pages) -> None:
    four.pre_check.plans = [REPLY, replace(REPLY, blocked="The court is taken")]

    page = send(four, "approve", [2, 3])

    assert "1 signed, 1 not" in page
    assert "The court is taken" in page


def test_other_decisions_fit_all(four: Pages) -> None:
    send(four, "assign", [1, 2], "mia@westpark.example")
    send(four, "tag", [1, 2], "vip")
    send(four, "snooze", [3], "week")
    send(four, "dismiss", [4], "duplicate")

    with four.open_session.reading() as session:
        one, two, three, last = (tickets.get(session, number) for number in range(1, 5))
        assert (one.assignee_id, two.assignee_id) == (1, 1)
        assert [tag.name for tag in two.tags] == ["vip"]
        assert three.snoozed_until is not None
        assert last.status == Status.DISMISSED


@pytest.mark.parametrize(
    "form", [{"do": "approve"}, {"do": "fly", "ticket": ["1:2"]}, {"do": "tag", "ticket": ["one"]}]
)
def test_an_order_that_says_nothing_is_refused(four: Pages, form: dict[str, object]) -> None:
    assert four.client.post("/bulk", data=form, headers=FORM).status_code == 422
