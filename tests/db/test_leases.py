"""Of many processes one holds a lease, and another goes on when it dies."""

import threading
from datetime import timedelta

from db import leases
from db.models import Lease, now
from db.session import OpenSession

HERE, THERE = "elsewhere:1", "far-away:2"


def set_until(open_session: OpenSession, seconds: float) -> None:
    with open_session() as session:
        session.query(Lease).one().until = now() + timedelta(seconds=seconds)


def test_one_holds_it_and_keeps_it(open_session: OpenSession) -> None:
    assert leases.hold(open_session, "mailbox a", owner=HERE)
    assert not leases.hold(open_session, "mailbox a", owner=THERE)
    assert leases.hold(open_session, "mailbox b", owner=THERE)
    assert leases.hold(open_session, "mailbox a", owner=HERE)


def test_it_is_made_longer_in_time(open_session: OpenSession) -> None:
    leases.hold(open_session, "a", owner=HERE)
    set_until(open_session, 10)
    assert leases.hold(open_session, "a", owner=HERE)
    with open_session.reading() as session:
        assert session.query(Lease).one().until > now() + timedelta(seconds=25)


def test_one_that_ran_out_is_taken_by_another_and_lost_by_its_owner(open_session: OpenSession) -> None:
    leases.hold(open_session, "a", owner=HERE)
    set_until(open_session, -1)
    assert leases.hold(open_session, "a", owner=THERE)
    assert not leases.hold(open_session, "a", owner=HERE)


def test_a_process_of_this_machine_that_died_is_followed_at_once(open_session: OpenSession) -> None:
    dead = f"{leases.whoami().partition(':')[0]}:999999999"
    leases.hold(open_session, "a", owner=dead)
    assert leases.hold(open_session, "a")
    assert not leases.hold(open_session, "a", owner=THERE)


def test_what_is_let_go_is_free(open_session: OpenSession) -> None:
    leases.hold(open_session, "a", owner=HERE)
    leases.let_go(open_session, "a", owner=THERE)
    assert not leases.hold(open_session, "a", owner=THERE)
    leases.let_go(open_session, "a", owner=HERE)
    assert leases.hold(open_session, "a", owner=THERE)


def test_of_many_at_once_one_gets_it(open_session: OpenSession) -> None:
    got: list[str] = []
    begin = threading.Barrier(8)

    def try_it(number: int) -> None:
        begin.wait()
        if leases.hold(open_session, "a", owner=f"far-away:{number}"):
            got.append(str(number))

    threads = [threading.Thread(target=try_it, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
