"""A retraining is ordered once, taken by one process, and gone on with by another when that one died."""

import pytest

from db import lessons, retrainings, versions
from db.models import Retraining
from db.retrainings import CannotRetrain
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
        with pytest.raises(CannotRetrain):
            retrainings.get(session, 9)


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
        session.add(Retraining(asked_by="mia", state="done", last_lesson=7))
        assert retrainings.learnt_up_to(session) == 7
