"""What was approved is carried out once, or a person is told why not."""

from typing import Any

from builders import RESET
from fakes import FakeClub

from actions.dispatch import act_next
from actions.outcomes import OutcomeUnknown, Refused
from db import decisions, outbox, tickets
from db.desk import Desk
from db.lifecycle import Status
from db.models import Promise, Ticket, now
from db.session import OpenSession

ACTION = {"name": "reset_password", "params": {"username": "anna42"}}


def approve(open_session: OpenSession, action: dict[str, Any] | None = ACTION) -> None:
    with open_session() as session:
        ticket = Ticket(status=Status.IN_REVIEW, draft=dict(RESET.as_json()), language="en")
        session.add(ticket)
        session.flush()
        decisions.approve(
            session, ticket, RESET, action=action, reply_to="anna@kowalczyk.example", by="mia", seen=1, undo_seconds=0
        )


def ready_again(open_session: OpenSession) -> None:
    with open_session() as session:
        session.query(Promise).update({"not_before": now()})


def test_an_approved_action_runs_once(open_session: OpenSession, desk: Desk) -> None:
    approve(open_session)
    club = FakeClub()

    while act_next(open_session, desk, club):
        pass

    assert [effect[0] for effect in club.effects] == ["reset_password"]
    with open_session.reading() as session:
        ticket = tickets.get(session, 1)
        row = outbox.latest(ticket, "action")
        assert ticket.status == "acted"
        assert row is not None
        assert row.result is not None
        assert row.result["values"]["reset_url"] == "https://club.example/reset/x"


def test_without_a_club_questions_are_answered_and_actions_wait(open_session: OpenSession, desk: Desk) -> None:
    approve(open_session)
    approve(open_session, action=None)

    while act_next(open_session, desk, None):
        pass

    with open_session.reading() as session:
        assert [tickets.get(session, number).status for number in (1, 2)] == ["approved", "acted"]


def test_a_ticket_without_an_action_passes_through(open_session: OpenSession, desk: Desk) -> None:
    approve(open_session, action=None)
    club = FakeClub()

    assert act_next(open_session, desk, club)

    assert club.effects == []
    with open_session.reading() as session:
        assert tickets.get(session, 1).status == "acted"


def test_a_refusal_proposes_a_reply_that_says_so(open_session: OpenSession, desk: Desk) -> None:
    approve(open_session)

    act_next(open_session, desk, FakeClub(answers=[Refused("no_such_account", "There is no account anna42.")]))

    with open_session.reading() as session:
        ticket = tickets.get(session, 1)
        assert ticket.status == "in_review"
        assert "There is no account anna42." in ticket.problem
        assert ticket.answer is not None
        assert ticket.answer["reply"].startswith("Hi Anna,\n\nI am sorry, we could not find")
        assert "{" not in ticket.answer["reply"]


def test_a_club_that_is_down_is_waited_for(open_session: OpenSession, desk: Desk) -> None:
    approve(open_session)
    club = FakeClub(down=True)

    act_next(open_session, desk, club)
    assert not act_next(open_session, desk, club)
    club.down = False
    ready_again(open_session)
    act_next(open_session, desk, club)

    assert len(club.effects) == 1


def test_an_unknown_outcome_is_asked_again_under_the_same_key(open_session: OpenSession, desk: Desk) -> None:
    approve(open_session)
    club = FakeClub(answers=[OutcomeUnknown("no answer"), {"reset_url": "https://club.example/reset/x"}])

    act_next(open_session, desk, club)
    ready_again(open_session)
    act_next(open_session, desk, club)

    assert len({key for _, _, key in club.effects}) == 1
    with open_session.reading() as session:
        assert tickets.get(session, 1).status == "acted"


def test_an_outcome_that_stays_unknown_is_stuck_and_nothing_is_sent(open_session: OpenSession, desk: Desk) -> None:
    approve(open_session)
    club = FakeClub(answers=[OutcomeUnknown("no answer")] * 3)

    for _ in range(3):
        act_next(open_session, desk, club)
        ready_again(open_session)

    with open_session.reading() as session:
        ticket = tickets.get(session, 1)
        assert ticket.status == "stuck"
        assert "may or may not have happened" in ticket.problem
        assert [row.state for row in ticket.promises] == ["unknown", "withdrawn"]


def interrupted(open_session: OpenSession) -> None:
    """The process died after the request may have left."""
    with open_session() as session:
        row = outbox.claim(session, "action", when=Status.APPROVED)
        assert row is not None
        outbox.go(session, row.id)
        row.owner = outbox.whoami().split(":")[0] + ":4194304"


def test_an_interrupted_action_is_repeated_where_the_key_is_honoured(open_session: OpenSession, desk: Desk) -> None:
    approve(open_session)
    interrupted(open_session)
    club = FakeClub()

    act_next(open_session, desk, club)

    assert len(club.effects) == 1


def test_an_interrupted_action_is_stuck_where_it_is_not(open_session: OpenSession, desk: Desk) -> None:
    approve(open_session)
    interrupted(open_session)
    club = FakeClub(repeats_are_safe=False)

    act_next(open_session, desk, club)

    assert club.effects == []
    with open_session.reading() as session:
        assert tickets.get(session, 1).status == "stuck"
