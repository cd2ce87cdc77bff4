"""SIGTERM at the worst moments: what is under way comes to its end, what is not signed is left as it was."""

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from house import MAIL, Town, town
from servers import why_not

from db import tickets
from db.models import Lease
from db.session import open_database

REASON = why_not("dovecot")
pytestmark = [pytest.mark.server, pytest.mark.model, pytest.mark.skipif(bool(REASON), reason=REASON)]
LONGEST = 40  # seconds, as the unit files have it


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path) as built:
        yield built


def end(house: Town) -> None:
    """As a service manager does it: it must not have to kill."""
    assert house.app.process is not None
    house.app.process.send_signal(signal.SIGTERM)
    try:
        house.app.process.wait(LONGEST)
    except subprocess.TimeoutExpired:
        pytest.fail((house.app.var / "app.log").read_text()[-3000:])


def leases_of(house: Town) -> list[str]:
    with open_database(house.database).reading() as session:
        return [lease.name for lease in session.query(Lease)]


def test_a_reply_that_is_leaving_leaves_once_and_is_known_to_have_left(house: Town) -> None:
    house.sink.seconds = 3
    house.app.start()
    house.dovecot.deliver(MAIL)
    ticket = house.wait_for(lambda one: one.plan is not None)
    assert house.approve(ticket).status_code == 200
    assert house.sink.arriving.wait(60)

    end(house)

    ended = house.ticket()
    assert ended is not None
    assert ended.status == "replied"
    assert len(house.sink.mails) == 1
    assert leases_of(house) == []  # another goes on at once
    house.app.start()
    time.sleep(3)
    assert len(house.sink.mails) == 1


def test_tickets_whose_draft_is_under_way_are_drafted_at_the_next_start(house: Town) -> None:
    house.app.start()
    for number in range(6):
        house.dovecot.deliver(MAIL.replace(b"login-1", b"login-%d" % number).replace(b"older@", b"older%d@" % number))
    house.wait_for(lambda one: one.status == "received")

    end(house)

    with open_database(house.database).reading() as session:
        waiting = [ticket for ticket in tickets.page(session) if ticket.draft is None]
        assert waiting
        assert {ticket.status for ticket in waiting} == {"received"}
    house.app.start()
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        with open_database(house.database).reading() as session:
            found = tickets.page(session)
            if len(found) == 6 and all(ticket.status == "in_review" and ticket.draft for ticket in found):
                return
        time.sleep(0.2)
    pytest.fail((house.app.var / "app.log").read_text()[-3000:])
