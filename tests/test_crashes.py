"""SIGKILL after each step of the journey; after a restart it completes, once. Real servers, real model."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import words_of
from house import CUSTOMER, MAIL, Town, town
from servers import why_not

REASON = why_not("dovecot")
pytestmark = [pytest.mark.server, pytest.mark.model, pytest.mark.skipif(bool(REASON), reason=REASON)]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path) as built:
        yield built


def restart(house: Town) -> None:
    house.app.kill()
    house.app.start()


def test_a_journey_killed_after_every_step_completes_once(house: Town) -> None:
    house.sink.answer_to_recipient = "451 try later"  # the reply must not leave before its turn to be killed
    house.app.start()
    house.dovecot.deliver(MAIL)

    house.wait_for(lambda ticket: True)
    restart(house)  # after the mail was taken in
    house.wait("in_review")
    restart(house)  # after the draft
    ticket = house.wait_for(lambda one: one.plan is not None)
    assert (ticket.category, ticket.username) == ("reset_password", "dropshot")
    assert house.approve(ticket).status_code == 200
    restart(house)  # after the signature, before the action
    house.wait("acted")
    restart(house)  # after the action, before the reply
    assert house.wait("acted").status == "acted"
    house.sink.answer_to_recipient = "250 OK"
    house.wait("replied")
    restart(house)  # after the reply
    assert house.wait("replied").status == "replied"

    assert [effect["status"] for effect in house.effects()] == [200]
    (reply,) = house.inbox("oliver")
    assert len(house.sink.mails) == 1
    assert house.sink.mails[0][0] == CUSTOMER
    assert reply["In-Reply-To"] == "<login-1@finch.example>"
    assert "https://club.example/reset/" in words_of(reply)


def test_a_model_process_that_dies_is_started_again(house: Town) -> None:
    house.app.start()
    house.dovecot.deliver(MAIL)
    house.wait("in_review")

    house.app.stop_engine()
    house.dovecot.deliver(MAIL.replace(b"login-1@", b"login-2@").replace(b"forgot", b"lost"))

    newest = house.wait_for(lambda ticket: ticket.id == 2 and ticket.status == "in_review" and ticket.draft is not None)
    assert newest.username == "dropshot"
