"""A retraining is ordered once, taken by one process, and gone on with by another when that one died."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from db import lessons, retrainings, versions
from db.models import Lesson, Mail, Retraining, Ticket
from db.retrainings import CannotRetrain, NoSuchRetraining, Plan
from db.session import OpenSession


def order(open_session: OpenSession) -> int:
    with open_session() as session:
        return retrainings.order(session, by="mia", steps=5).id


def test_one_at_a_time(open_session: OpenSession) -> None:
    order(open_session)
    with pytest.raises(CannotRetrain, match="under way already"):
        order(open_session)
    with open_session() as session:
        retrainings.ask(session, retrainings.get(session, 1), "cancel")
    assert order(open_session) == 2


@pytest.mark.parametrize("steps", [0, 10_000_000])
def test_steps_have_bounds(open_session: OpenSession, steps: int) -> None:
    with open_session() as session, pytest.raises(CannotRetrain, match="steps"):
        retrainings.order(session, by="mia", steps=steps)


def test_a_process_keeps_it_while_it_lives(open_session: OpenSession) -> None:
    order(open_session)
    with open_session() as session:
        assert retrainings.claim(session) is not None
    with open_session() as session:
        session.query(Retraining).update({"owner": "elsewhere:1"})
        assert retrainings.claim(session) is None  # another machine, seen just now
    with open_session() as session:
        session.query(Retraining).update({"seen_at": None, "state": "training"})
        found = retrainings.claim(session)
        assert found is not None
        assert found.state == "training"


def test_what_a_person_asks(open_session: OpenSession) -> None:
    order(open_session)
    with open_session() as session:
        row = retrainings.get(session, 1)
        retrainings.ask(session, row, "pause")
        assert row.state == "paused"
        retrainings.ask(session, row, "resume")
        assert row.state == "queued"
        row.state = "training"
        retrainings.ask(session, row, "pause")
        assert (row.state, row.wanted) == ("training", "pause")  # until its process has stopped
        row.state = "done"
        with pytest.raises(CannotRetrain, match="nothing to cancel"):
            retrainings.ask(session, row, "cancel")
        with pytest.raises(NoSuchRetraining):
            retrainings.get(session, 9)


def test_one_that_a_process_has_taken_is_stopped_by_that_process(open_session: OpenSession) -> None:
    order(open_session)
    with open_session() as session:
        assert retrainings.claim(session) is not None  # still queued, and being gathered
    with open_session() as session:
        retrainings.ask(session, retrainings.get(session, 1), "cancel")
        assert (retrainings.get(session, 1).state, retrainings.get(session, 1).wanted) == ("queued", "cancel")
        assert retrainings.begin(session, 1, "training") is None
    with open_session() as session:
        session.query(Retraining).update({"wanted": "", "owner": "elsewhere:1"})
        assert retrainings.begin(session, 1, "training") is None  # another has it


def test_only_what_passed_the_gate_may_serve(open_session: OpenSession) -> None:
    with open_session() as session:
        versions.know(session, {"shipped": "/a", "good": "/b", "bad": "/c", "fresh": "/d"}, serves="shipped")
        for name, state, may in (("good", "done", True), ("bad", "done", False), ("fresh", "judging", False)):
            session.add(
                Retraining(asked_by="mia", version=name, state=state, report={"may_serve": may}, words=f"{name} words")
            )
        assert retrainings.may_serve(session, "shipped") == ""
        assert retrainings.may_serve(session, "good") == ""
        assert retrainings.may_serve(session, "bad") == "bad words"
        assert "not been judged" in retrainings.may_serve(session, "fresh")


def test_lessons_since_the_last_one_are_counted(open_session: OpenSession) -> None:
    with open_session() as session:
        assert lessons.count_after(session, retrainings.learnt_up_to(session)) == 0
        session.add(Retraining(asked_by="mia", state="failed", last_lesson=90, newest_lesson=99))
        session.add(Retraining(asked_by="mia", state="done", last_lesson=5, newest_lesson=7))
        assert retrainings.learnt_up_to(session) == 7


MONDAY = datetime(2026, 11, 23, 3, 10, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("planned", "fresh", "ago", "due"),
    [
        (Plan(after=50), 50, None, True),
        (Plan(after=50), 49, None, False),
        (Plan(after=50), 50, timedelta(hours=1), False),  # one failed just now: not again and again
        (Plan(day="mon", hour=3), 1, timedelta(days=7), True),
        (Plan(day="mon", hour=3), 0, None, False),
        (Plan(day="mon", hour=4), 9, None, False),
        (Plan(day="tue", hour=3), 9, None, False),
        (Plan(day="mon", hour=3), 9, timedelta(minutes=5), False),  # once in that hour
    ],
)
def test_when_one_is_ordered_by_itself(planned: Plan, fresh: int, ago: timedelta | None, due: bool) -> None:
    assert retrainings.is_due(planned, fresh, MONDAY - ago if ago else None, MONDAY) is due


def test_the_desk_orders_by_its_plan_and_never_two(open_session: OpenSession) -> None:
    zone = ZoneInfo("Europe/Berlin")
    with open_session() as session:
        assert not retrainings.order_if_due(session, zone)
        for bad in ({"after": -1}, {"day": "noday"}, {"hour": 24}):
            with pytest.raises(CannotRetrain):
                retrainings.save_plan(session, **{"after": 1, "day": "", "hour": 3, **bad})  # type: ignore[arg-type]
        retrainings.save_plan(session, after=1, day="", hour=3)
        assert not retrainings.order_if_due(session, zone)  # there is no lesson
        ticket = Ticket(subject="x")
        session.add(ticket)
        session.flush()
        session.add(Mail(id=1, ticket_id=ticket.id, raw=b"", dedupe_key="k"))
        session.flush()
        session.add(Lesson(ticket_id=ticket.id, mail_id=1, kind="signed", by="mia", draft={}, answer={"reply": "x"}))
        session.flush()
        assert retrainings.order_if_due(session, zone)
        assert not retrainings.order_if_due(session, zone)
        assert retrainings.newest(session)[0].asked_by == "courtdesk"
