"""What nobody knows, a person finds out: look again, it happened, do it again."""

import pytest
from builders import RESET
from pages import FORM, HX, Pages

from db import decisions, outbox, tickets
from db.drafts import Draft
from db.lifecycle import PROGRAM, Status
from db.models import Promise
from db.session import OpenSession

PLAIN = Draft("cancel_booking", "anna42", {}, "Hi Anna, done.")


def stuck(open_session: OpenSession, kind: str, answer: Draft) -> None:
    """Ticket 1, signed, and stuck because the outcome of its action or its reply is unknown."""
    with open_session() as session:
        ticket = tickets.get(session, 1)
        action = {"name": answer.category, "params": {"username": "anna42"}}
        decisions.approve(
            session, ticket, answer, action=action, reply_to="a@b.example", by="mia", seen=2, undo_seconds=0
        )
        row = outbox.claim(session, "action", when=Status.APPROVED)
        assert row is not None
        if kind == "action":
            outbox.settle(session, row.id, state="unknown", result={"error": "No answer."})
            outbox.retire(session, ticket)
        else:
            outbox.settle(session, row.id, state="done", result={"answer": {}, "values": {}})
            tickets.move(session, ticket, Status.ACTED, actor=PROGRAM, seen=ticket.version)
            row = outbox.claim(session, "reply", when=Status.ACTED)
            assert row is not None
            outbox.settle(session, row.id, state="unknown", result={"error": "The line broke."})
        decisions.stick(session, ticket, "Nobody knows.", by=PROGRAM)


def settle(pages: Pages, outcome: str) -> int:
    form = {"seen": str(pages.ticket().version), "outcome": outcome}
    return pages.client.post("/tickets/1/settlement", data=form, headers=HX).status_code


def states(pages: Pages) -> list[tuple[str, str]]:
    with pages.open_session.reading() as session:
        return [(row.kind, row.state) for row in session.query(Promise).order_by(Promise.id)]


def test_an_action_that_happened_lets_the_reply_go(pages: Pages) -> None:
    stuck(pages.open_session, "action", PLAIN)
    assert "It did not: do it again" in pages.client.get("/tickets/1?view=stuck").text

    assert settle(pages, "happened") == 204

    assert pages.ticket().status == "acted"
    assert states(pages) == [("action", "done"), ("reply", "promised")]


def test_an_action_whose_answer_is_lost_is_not_signed_twice(pages: Pages) -> None:
    stuck(pages.open_session, "action", RESET)

    settle(pages, "happened")

    ticket = pages.ticket()
    assert ticket.status == "in_review"
    assert "write the reply without it" in ticket.problem
    with pages.open_session.reading() as session:
        ticket = tickets.get(session, 1)
        assert tickets.asked(ticket, RESET).has_acted


def test_an_action_is_done_again_under_the_same_key(pages: Pages) -> None:
    stuck(pages.open_session, "action", PLAIN)
    with pages.open_session.reading() as session:
        key = session.query(Promise).filter(Promise.kind == "action").one().key

    assert settle(pages, "again") == 204

    assert pages.ticket().status == "approved"
    assert states(pages) == [("action", "promised"), ("reply", "promised")]
    with pages.open_session() as session:
        row = outbox.claim(session, "action", when=Status.APPROVED)
        assert row is not None
        assert (row.key, row.state, outbox.is_as_signed(row)) == (key, "running", True)


@pytest.mark.parametrize(
    ("outcome", "status", "state"), [("happened", "replied", "done"), ("again", "acted", "promised")]
)
def test_a_reply_is_settled_by_a_person(pages: Pages, outcome: str, status: str, state: str) -> None:
    stuck(pages.open_session, "reply", PLAIN)

    assert settle(pages, outcome) == 204

    assert pages.ticket().status == status
    assert states(pages) == [("action", "done"), ("reply", state)]


def test_looking_again_reads_only_and_says_what_it_saw(pages: Pages) -> None:
    stuck(pages.open_session, "action", PLAIN)

    assert settle(pages, "look") == 204

    assert pages.ticket().status == "stuck"
    assert "Booking 9 still stands" in pages.ticket().problem
    assert states(pages)[0] == ("action", "unknown")


def test_what_is_not_stuck_cannot_be_settled(pages: Pages) -> None:
    assert settle(pages, "happened") == 409
    assert settle(pages, "nonsense") == 422
    assert pages.stranger.post("/tickets/1/settlement", data={"seen": "2"}, headers=FORM).status_code == 303
