"""What a signature does, and how it is taken back."""

from datetime import timedelta

import pytest
from builders import QUESTION, RESET

from db import decisions, outbox, tickets
from db.decisions import TooLate
from db.lifecycle import PROGRAM, ForbiddenMove, Status
from db.models import Promise, Ticket, now
from db.session import OpenSession

ACTION = {"name": "reset_password", "params": {"username": "anna42"}}


def approved(open_session: OpenSession, undo_seconds: float = 10) -> int:
    with open_session() as session:
        ticket = Ticket(subject="Login", status=Status.IN_REVIEW, draft=dict(RESET.as_json()))
        session.add(ticket)
        session.flush()
        decisions.approve(
            session,
            ticket,
            RESET,
            action=ACTION,
            reply_to="anna@kowalczyk.example",
            by="mia",
            seen=1,
            undo_seconds=undo_seconds,
        )
        return ticket.id


def test_approving_writes_answer_status_and_both_promises_together(open_session: OpenSession) -> None:
    ticket_id = approved(open_session)

    with open_session.reading() as session:
        ticket = tickets.get(session, ticket_id)
        assert ticket.status == "approved"
        assert ticket.answer == RESET.as_json()
        assert [(row.kind, row.state) for row in ticket.promises] == [("action", "promised"), ("reply", "promised")]
        assert len({row.key for row in ticket.promises}) == 2


def test_approving_twice_is_refused(open_session: OpenSession) -> None:
    ticket_id = approved(open_session)

    with open_session() as session:
        ticket = tickets.get(session, ticket_id)
        with pytest.raises(ForbiddenMove):
            decisions.approve(
                session, ticket, RESET, action=ACTION, reply_to="x@y.example", by="jo", seen=2, undo_seconds=0
            )

    with open_session.reading() as session:
        assert session.query(Promise).count() == 2


def test_an_undone_approval_keeps_every_edit_and_leaves_no_promise(open_session: OpenSession) -> None:
    ticket_id = approved(open_session)

    with open_session() as session:
        decisions.withdraw(session, tickets.get(session, ticket_id), by="mia", seen=2)

    with open_session.reading() as session:
        ticket = tickets.get(session, ticket_id)
        assert (ticket.status, ticket.answer) == ("in_review", RESET.as_json())
        assert {row.state for row in ticket.promises} == {"withdrawn"}


def test_what_has_begun_cannot_be_undone(open_session: OpenSession) -> None:
    ticket_id = approved(open_session, undo_seconds=0)
    with open_session() as session:
        assert outbox.claim(session, "action", when=Status.APPROVED) is not None

    with pytest.raises(TooLate), open_session() as session:
        decisions.withdraw(session, tickets.get(session, ticket_id), by="mia", seen=2)

    with open_session.reading() as session:
        assert tickets.get(session, ticket_id).status == "approved"


def test_nothing_is_claimed_before_the_undo_time_is_over(open_session: OpenSession) -> None:
    ticket_id = approved(open_session, undo_seconds=60)

    with open_session() as session:
        assert outbox.claim(session, "action", when=Status.APPROVED) is None
        assert 50 < decisions.undo_until(tickets.get(session, ticket_id)) <= 60


def test_a_second_approval_has_keys_of_its_own(open_session: OpenSession) -> None:
    ticket_id = approved(open_session)

    with open_session() as session:
        ticket = tickets.get(session, ticket_id)
        decisions.withdraw(session, ticket, by="mia", seen=2)
        decisions.approve(
            session, ticket, QUESTION, action=None, reply_to="x@y.example", by="mia", seen=3, undo_seconds=0
        )

    with open_session.reading() as session:
        keys = [row.key for row in tickets.get(session, ticket_id).promises]
        assert len(set(keys)) == 3


def test_a_refusal_brings_the_ticket_back_with_the_reason_and_sends_nothing(open_session: OpenSession) -> None:
    ticket_id = approved(open_session, undo_seconds=0)

    with open_session() as session:
        row = outbox.claim(session, "action", when=Status.APPROVED)
        assert row is not None
        outbox.settle(session, row.id, state="refused")
        decisions.refuse(session, tickets.get(session, ticket_id), "The court is taken.", "Hi,\n\nsorry.", by=PROGRAM)

    with open_session.reading() as session:
        ticket = tickets.get(session, ticket_id)
        assert ticket.status == "in_review"
        assert "The court is taken." in ticket.problem
        assert ticket.answer is not None
        assert ticket.answer["reply"] == "Hi,\n\nsorry."
        assert [row.state for row in ticket.promises] == ["refused", "withdrawn"]


def test_saving_a_stale_edit_is_refused(open_session: OpenSession) -> None:
    ticket_id = approved(open_session)

    with pytest.raises(tickets.StaleTicket), open_session() as session:
        decisions.save_answer(session, tickets.get(session, ticket_id), QUESTION, by="mia", seen=1)


def test_a_lease_that_ran_out_is_claimed_again_and_counted(open_session: OpenSession) -> None:
    approved(open_session, undo_seconds=0)
    with open_session() as session:
        first = outbox.claim(session, "action", when=Status.APPROVED)
        assert first is not None
        assert outbox.claim(session, "action", when=Status.APPROVED) is None
        first.lease_until = now() - timedelta(seconds=1)

    with open_session() as session:
        again = outbox.claim(session, "action", when=Status.APPROVED)

    assert again is not None
    assert again.attempts == 2


def test_a_row_of_a_dead_process_is_free_at_once(open_session: OpenSession) -> None:
    approved(open_session, undo_seconds=0)
    with open_session() as session:
        row = outbox.claim(session, "action", when=Status.APPROVED)
        assert row is not None
        row.owner = outbox.whoami().split(":")[0] + ":4194304"  # above every process id that Linux gives

    with open_session() as session:
        assert outbox.claim(session, "action", when=Status.APPROVED) is not None


def test_a_worker_that_lost_its_lease_cannot_settle(open_session: OpenSession) -> None:
    approved(open_session, undo_seconds=0)
    with open_session() as session:
        row = outbox.claim(session, "action", when=Status.APPROVED)
        assert row is not None
        row.owner = "elsewhere:1"
        session.flush()

        with pytest.raises(outbox.LostLease):
            outbox.settle(session, row.id, state="done")
