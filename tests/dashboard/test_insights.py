"""Insights: figures that can be counted by hand, as plots and as CSV."""

from datetime import timedelta

import pytest
from pages import Pages

from db import figures
from db.desk import Desk
from db.drafts import distance
from db.models import Ticket, Vote, now

DRAFT = {"category": "reset_password", "username": "anna42", "details": {}, "reply": "Hello"}


@pytest.fixture
def filled(pages: Pages) -> Pages:
    """Ten signed tickets of one week: seven unchanged, two with another reply, one of another category. One is old."""
    with pages.open_session() as session:
        for number in range(10):
            answer = {**DRAFT, "category": "other"} if number == 9 else DRAFT
            received = now() - timedelta(days=1)
            session.add(
                Ticket(
                    subject=f"{number}", status="replied", category=answer["category"], received_at=received,
                    drafted_at=received + timedelta(seconds=2), signed_at=received + timedelta(minutes=number + 1),
                    settled_at=received + timedelta(hours=1), signed_by="=mia", confidence=0.97 if number < 8 else 0.55,
                    draft=DRAFT, answer=answer, edit_distance=0.25 if number in (7, 8) else 0.0,
                    due_at=received + timedelta(minutes=5), made_by={"adapter": "tennis-1"}, lesson={"why": "tone" if number == 7 else ""},
                )
            )  # fmt: skip
        session.flush()
        session.add(Vote(ticket_id=2, token_hash="a", is_good=True, words="", at=now()))
        session.add(Vote(ticket_id=3, token_hash="b", is_good=False, words="", at=now()))
        session.add(Vote(ticket_id=4, token_hash="c", is_good=None, words="", at=None))
        session.add(Ticket(subject="late", category="other", due_at=now() - timedelta(hours=1)))
        session.add(Ticket(subject="soon", category="other", due_at=now() + timedelta(hours=1)))
        session.add(Ticket(subject="old", status="replied", received_at=now() - timedelta(days=300)))
    return pages


def test_the_figures_are_those_that_one_counts_by_hand(filled: Pages, desk: Desk) -> None:
    with filled.open_session.reading() as session:
        found = figures.figures(session, desk.timezone)

    assert found.total == 13  # with the ticket of the fixture, without the old one
    assert found.waited("drafted_at") == (2.0, 2.0)
    assert found.waited("signed_at") == (360.0, 600.0)
    assert [(one.label, one.count, one.total) for one in found.categories] == [
        ("reset_password", 7, 9),
        ("other", 0, 1),
    ]
    assert [(one.label, one.count, one.total) for one in found.models] == [("tennis-1", 7, 10)]
    assert found.models[0].distance == pytest.approx(0.05)
    assert [(round(said, 2), one.count, one.total) for said, one in found.reliability] == [(0.55, 1, 2), (0.97, 8, 8)]
    assert found.people == [("=mia", 10)]
    assert [(one.label, one.count, one.total) for one in found.in_time] == [("reset_password", 5, 9), ("other", 0, 2)]
    assert [(one.label, one.count, one.total) for one in found.liked] == [("reset_password", 1, 2)]
    assert found.whys == [("tone", 1)]
    assert sum(map(sum, found.hours)) == 13
    assert sum(one + other for _, one, other in found.days) == 13


def test_an_interval_is_wide_for_few_and_holds_the_share() -> None:
    few, many = figures.Share("x", 7, 10), figures.Share("x", 700, 1000)

    assert few.interval[0] == pytest.approx(0.397, abs=0.001)  # Wilson, by hand
    assert few.interval[1] == pytest.approx(0.892, abs=0.001)
    assert many.interval[1] - many.interval[0] < 0.06
    assert figures.Share("x", 0, 0).interval == (0.0, 1.0)


def test_the_page_draws_them_and_nothing_where_there_is_nothing(filled: Pages) -> None:
    page = filled.client.get("/insights").text

    assert "7 of 10 signed" in page
    assert 'class="c-line"' in page
    assert "style=" not in page
    assert "No reason was given yet" not in page
    assert filled.client.get("/insights?days=7&category=delete_account").status_code == 200
    assert filled.client.get("/insights?days=0", headers={"Accept": "text/html"}).status_code == 422


@pytest.mark.parametrize("name", ["volume", "weeks", "categories", "models", "reliability", "hours", "people", "whys"])
def test_each_table_can_be_taken_away(filled: Pages, name: str) -> None:
    answer = filled.client.get(f"/insights/{name}.csv")

    assert answer.headers["content-type"].startswith("text/csv")
    assert len(answer.text.splitlines()) >= 2


def test_a_cell_is_no_formula(filled: Pages) -> None:
    assert "'=mia,10" in filled.client.get("/insights/people.csv").text
    assert filled.client.get("/insights/secrets.csv", headers={"Accept": "text/html"}).status_code == 422


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [("a b c d", "a b c d", 0), ("a b c d", "a b c x", 0.25), ("a b", "x y", 1), ("", "", 0), ("a b", "", 1)],
)
def test_the_edit_distance_is_the_share_of_words_that_differ(before: str, after: str, expected: float) -> None:
    assert distance(before, after) == expected
