"""Until when an answer is due, on a calendar that can be counted by hand."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from builders import QUESTION

from db import targets, tickets
from db.models import Notice, Person, Ticket, now
from db.session import OpenSession
from db.targets import Targets, UnusableTarget

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = {day: "09:00-17:00" for day in ("mon", "tue", "wed", "thu", "fri")}
CLUB = targets.read({**WEEK, "sat": "", "goal.": "4", "goal.reset_password": "1,5", "holidays": "2026-05-14"})


def at(stated: str) -> datetime:
    return datetime.fromisoformat(stated).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("received", "category", "due"),
    [
        ("2026-05-12 10:00", "other", "2026-05-12 14:00"),
        ("2026-05-12 06:00", "other", "2026-05-12 13:00"),  # before the doors open
        ("2026-05-12 15:00", "other", "2026-05-13 11:00"),  # two hours today, two tomorrow
        ("2026-05-12 17:00", "reset_password", "2026-05-13 10:30"),
        ("2026-05-13 16:00", "other", "2026-05-15 12:00"),  # over a holiday
        ("2026-05-15 16:00", "other", "2026-05-18 12:00"),  # over a weekend
        ("2026-05-16 12:00", "other", "2026-05-18 13:00"),
        ("2026-03-27 16:00", "other", "2026-03-30 12:00"),  # over the night in which the clocks change
    ],
)
def test_only_working_hours_count(received: str, category: str, due: str) -> None:
    assert CLUB.due(at(received), category, BERLIN) == at(due)


def test_without_a_target_nothing_is_due() -> None:
    assert Targets().due(at("2026-05-12 10:00"), "other", BERLIN) is None
    assert targets.read({**WEEK, "goal.other": "2"}).due(at("2026-05-12 10:00"), "reset_password", BERLIN) is None
    always_closed = Targets({}, {"": 1.0})
    assert always_closed.due(at("2026-05-12 10:00"), "other", BERLIN) is None


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ({"mon": "9 to 5"}, "Write it as 08:00-18:00"),
        ({"mon": "17:00-09:00"}, "ends before it begins"),
        ({"goal.": "soon"}, "no number of hours"),
        ({"goal.": "0"}, "more than 0"),
        ({"holidays": "Christmas"}, "Write it as 2026-12-25"),
    ],
)
def test_a_target_that_cannot_be_says_why(stated: dict[str, str], words: str) -> None:
    with pytest.raises(UnusableTarget, match=words):
        targets.read(stated)


def test_a_ticket_is_due_from_its_draft_on_and_counted_anew_when_the_targets_change(open_session: OpenSession) -> None:
    with open_session() as session:
        targets.save(session, targets.read({**WEEK, "goal.": "4"}), BERLIN)
    with open_session() as session:
        session.add(Ticket(subject="Login", received_at=at("2026-05-12 10:00")))
        session.flush()
        tickets.propose(session, tickets.get(session, 1), QUESTION)
        assert tickets.get(session, 1).due_at == at("2026-05-12 14:00")
    with open_session() as session:
        targets.save(session, targets.read({**WEEK, "goal.": "2"}), BERLIN)

    with open_session.reading() as session:
        assert tickets.get(session, 1).due_at == at("2026-05-12 12:00")
        assert targets.load(session).goals == {"": 2.0}


def test_whoever_it_concerns_is_told_once_that_an_answer_is_late(open_session: OpenSession) -> None:
    with open_session() as session:
        session.add_all(
            [
                Person(id=1, email="mia@x.example", password_hash="x"),
                Person(id=2, email="jo@x.example", password_hash="x", told_of=[]),
            ]
        )
        session.add(Ticket(subject="Login", due_at=now() - timedelta(minutes=1)))
        session.add(Ticket(subject="Later", due_at=now() + timedelta(hours=1)))

    for _ in range(3):
        targets.tell_overdue(open_session)

    with open_session.reading() as session:
        told = session.query(Notice).all()
        assert [(one.person_id, one.kind) for one in told] == [(1, "due")]
        assert "Login" in told[0].words
