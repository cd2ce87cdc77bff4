"""The one door, and what happens when two come at once."""

import threading

import pytest
from builders import QUESTION

from db import queue, tickets
from db.lifecycle import PROGRAM, ForbiddenMove, Status
from db.models import Ticket
from db.session import OpenSession
from db.tickets import StaleTicket


def new_ticket(open_session: OpenSession, status: Status = Status.IN_REVIEW) -> int:
    with open_session() as session:
        ticket = Ticket(subject="Login", status=status, from_email="anna@kowalczyk.example")
        session.add(ticket)
        session.flush()
        return ticket.id


def test_a_move_writes_who_and_when(open_session: OpenSession) -> None:
    ticket_id = new_ticket(open_session)

    with open_session() as session:
        tickets.move(session, tickets.get(session, ticket_id), Status.APPROVED, actor="mia", seen=1, note="why")

    with open_session.reading() as session:
        ticket = tickets.get(session, ticket_id)
        event = ticket.events[-1]
        assert (ticket.status, ticket.version) == ("approved", 2)
        assert (event.old, event.new, event.actor, event.note) == ("in_review", "approved", "mia", "why")


def test_a_stale_move_changes_nothing(open_session: OpenSession) -> None:
    ticket_id = new_ticket(open_session)

    with pytest.raises(StaleTicket, match="changed while you were looking"), open_session() as session:
        tickets.move(session, tickets.get(session, ticket_id), Status.APPROVED, actor="mia", seen=7)

    with open_session.reading() as session:
        assert tickets.get(session, ticket_id).status == "in_review"


def test_of_two_who_press_at_once_one_wins(open_session: OpenSession) -> None:
    ticket_id = new_ticket(open_session)
    outcomes: list[str] = []
    barrier = threading.Barrier(8)

    def press(name: str) -> None:
        barrier.wait()
        try:
            with open_session() as session:
                tickets.move(session, tickets.get(session, ticket_id), Status.APPROVED, actor=name, seen=1)
            outcomes.append("won")
        except (StaleTicket, ForbiddenMove):
            outcomes.append("late")

    threads = [threading.Thread(target=press, args=(f"person {i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["late"] * 7 + ["won"]


def test_a_new_draft_retires_what_somebody_had_typed(open_session: OpenSession) -> None:
    ticket_id = new_ticket(open_session, Status.RECEIVED)

    with open_session() as session:
        ticket = tickets.get(session, ticket_id)
        ticket.answer, ticket.plan, ticket.problem = {"reply": "old"}, {"old": 1}, "old"
        tickets.propose(session, ticket, QUESTION, confidence=0.9)

    with open_session.reading() as session:
        ticket = tickets.get(session, ticket_id)
        assert (ticket.status, ticket.answer, ticket.plan, ticket.problem) == ("in_review", None, None, "")
        assert ticket.draft == QUESTION.as_json()


def test_after_three_failed_drafts_a_person_gets_the_ticket(open_session: OpenSession) -> None:
    ticket_id = new_ticket(open_session, Status.RECEIVED)

    for _ in range(3):
        with open_session() as session:
            tickets.draft_failed(session, tickets.get(session, ticket_id), "no JSON")

    with open_session.reading() as session:
        ticket = tickets.get(session, ticket_id)
        assert (ticket.status, ticket.needs_human, ticket.draft) == ("in_review", True, None)
        assert "no JSON" in ticket.problem


def test_a_search_finds_words_of_the_mail(open_session: OpenSession) -> None:
    with open_session() as session:
        tickets.open_by_hand(session, by=PROGRAM, subject="Racket", body="a blue Wilson", from_email="x@y.example")
        tickets.open_by_hand(session, by=PROGRAM, subject="Court", body="court 3", from_email="x@y.example")

    with open_session.reading() as session:
        assert [t.subject for t in queue.listed(session, queue.Query(words="wilson blue"))] == ["Racket"]
