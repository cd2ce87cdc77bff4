"""Loops repeat a stage, and end when they are told to: what is under way first."""

import threading
import time

from db import leases
from db.loop import Closing, Loop, TryLater, end_all
from db.models import Lease
from db.session import OpenSession


def test_a_loop_ends_after_the_step_under_way_and_begins_no_other() -> None:
    begun, go_on, done = threading.Event(), threading.Event(), []

    def stage() -> bool:
        begun.set()
        go_on.wait(10)
        done.append("a step")
        return True

    loop = Loop("test", stage, close=lambda: done.append("closed"))
    loop.start()
    begun.wait(10)
    loop.stop()
    assert not loop.ended(0.05)

    go_on.set()

    assert loop.ended(10)
    assert done == ["a step", "closed"]


def test_a_loop_that_rests_for_an_hour_ends_at_once() -> None:
    looked = threading.Event()
    loop = Loop("test", lambda: looked.set() is not None, 3600)  # never anything to do
    loop.start()
    looked.wait(10)

    end_all([loop], 10)

    assert loop.ended(0)


def test_what_takes_longer_is_named_and_left(caplog: object) -> None:
    hangs = threading.Event()
    slow, quick = Loop("slow", lambda: hangs.wait(10)), Loop("quick", lambda: False)
    slow.start()
    quick.start()

    end_all([slow, quick], 0.2)

    assert quick.ended(0)
    assert not slow.ended(0)
    assert "slow" in caplog.text  # type: ignore[attr-defined]
    assert "quick" not in caplog.text  # type: ignore[attr-defined]
    hangs.set()


def test_a_stage_that_was_hung_up_on_does_not_try_again() -> None:
    steps: list[str] = []

    def closing() -> bool:
        steps.append("closing")
        raise Closing

    def hung_up() -> bool:
        steps.append("hung up")
        down.stop()
        raise TryLater("gone")

    down = Loop("down", hung_up)
    for loop in (Loop("closing", closing), down):
        loop.run()

    assert steps == ["closing", "hung up"]


def test_a_lease_is_given_back_by_a_loop_that_closes(open_session: OpenSession) -> None:
    loop = leases.alone(open_session, "reading", lambda: False, every=0.01)
    loop.start()
    while not held(open_session):
        time.sleep(0.01)

    end_all([loop], 10)

    assert held(open_session) == []


def held(open_session: OpenSession) -> list[str]:
    with open_session.reading() as session:
        return [lease.name for lease in session.query(Lease)]
