"""Which tickets a view shows, in which order, and how many."""

from datetime import timedelta

import pytest
from builders import QUESTION

from db import attributes, queue, tickets
from db.attributes import UnusableAttribute
from db.lifecycle import Status
from db.models import Person, Ticket, now
from db.session import OpenSession


def put(open_session: OpenSession, subject: str, **values: object) -> int:
    with open_session() as session:
        ticket = Ticket(subject=subject, **{"status": Status.IN_REVIEW, "from_email": "anna@x.example", **values})
        session.add(ticket)
        session.flush()
        return ticket.id


def shown(open_session: OpenSession, view: str = "open", **values: object) -> list[str]:
    with open_session.reading() as session:
        return [one.subject for one in queue.listed(session, queue.Query(view, **values))]  # type: ignore[arg-type]


@pytest.fixture
def mia(open_session: OpenSession) -> int:
    with open_session() as session:
        session.add(Person(id=1, email="mia@westpark.example", password_hash="x"))
    return 1


def test_each_ticket_stands_in_its_views(open_session: OpenSession, mia: int) -> None:
    put(open_session, "hers", assignee_id=mia)
    put(open_session, "unsure", needs_human=True)
    put(open_session, "asleep", snoozed_until=now() + timedelta(hours=1))
    put(open_session, "awake again", snoozed_until=now() - timedelta(hours=1))
    put(open_session, "waits", waiting_for="the customer")
    put(open_session, "spam", spam="X-Spam-Flag")
    put(open_session, "stuck", status=Status.STUCK)
    put(open_session, "done", status=Status.REPLIED)

    assert shown(open_session) == ["hers", "unsure", "awake again"]
    assert shown(open_session, "mine", me=mia) == ["hers"]
    assert shown(open_session, "unassigned") == ["unsure", "awake again"]
    assert shown(open_session, "human") == ["unsure"]
    assert shown(open_session, "snoozed") == ["asleep"]
    assert shown(open_session, "waiting") == ["waits"]
    assert shown(open_session, "stuck") == ["stuck"]
    assert shown(open_session, "spam") == ["spam"]
    assert shown(open_session, "done") == ["done"]
    assert len(shown(open_session, "all")) == 8
    with open_session.reading() as session:
        counts = queue.counts(session, mia)
    assert {name: n for name, n in counts.items() if n != 1} == {"open": 3, "unassigned": 2, "team": 0}


def test_the_most_urgent_come_first_and_other_orders_can_be_chosen(open_session: OpenSession) -> None:
    put(open_session, "old", received_at=now() - timedelta(days=2), confidence=0.9)
    put(open_session, "older", received_at=now() - timedelta(days=3), confidence=0.99)
    put(open_session, "urgent", priority=2, confidence=0.5)

    assert shown(open_session) == ["urgent", "older", "old"]
    assert shown(open_session, sort="newest") == ["urgent", "old", "older"]
    assert shown(open_session, sort="unsure") == ["urgent", "old", "older"]
    assert shown(open_session, most=1) == ["urgent"]


def test_a_kept_view_is_the_same_view_again_and_nobody_elses(open_session: OpenSession, mia: int) -> None:
    query = queue.Query("human", "court 3", "oldest", "vip")

    with open_session() as session:
        queue.save_view(session, mia, "VIP courts", query)
    with open_session() as session:
        (view,) = queue.saved_views(session, mia)
        queue.drop_view(session, 99, view.id)
        assert len(queue.saved_views(session, mia)) == 1
        queue.drop_view(session, mia, view.id)

    assert view.query == {"view": "human", "q": "court 3", "sort": "oldest", "tag": "vip"}
    with open_session.reading() as session:
        assert queue.saved_views(session, mia) == []


def test_what_staff_say_about_a_ticket_stands_in_its_trail(open_session: OpenSession, mia: int) -> None:
    ticket_id = put(open_session, "Login")

    with open_session() as session:
        ticket = tickets.get(session, ticket_id)
        attributes.assign(session, ticket, session.get(Person, mia), by="jana")
        attributes.assign(session, ticket, session.get(Person, mia), by="jana")  # again: says nothing new
        attributes.tag(session, ticket, [" VIP ", "court  3", "vip", ""], by="jana")
        attributes.tag(session, ticket, ["court 3"], by="jana")
        attributes.prioritise(session, ticket, 2, by="jana")
        attributes.wait(session, ticket, "the customer", by="jana")
        attributes.snooze(session, ticket, now() + timedelta(hours=2), by="jana")

    with open_session.reading() as session:
        ticket = tickets.get(session, ticket_id)
        told = [(event.what, event.note) for event in ticket.events]
        assert [one.name for one in ticket.tags] == ["court 3"]
    assert told[:4] == [
        ("assigned", "to mia@westpark.example"), ("tags", "+court 3 +vip"), ("tags", "-vip"), ("priority", "urgent"),
    ]  # fmt: skip
    assert [what for what, _ in told[4:]] == ["waiting", "snoozed"]


def test_what_cannot_be_said_is_refused(open_session: OpenSession) -> None:
    ticket_id = put(open_session, "Login")

    with open_session() as session:
        ticket = tickets.get(session, ticket_id)
        with pytest.raises(UnusableAttribute, match="still to come"):
            attributes.snooze(session, ticket, now() - timedelta(minutes=1), by="mia")
        with pytest.raises(UnusableAttribute, match="low, normal, high, urgent"):
            attributes.prioritise(session, ticket, 7, by="mia")
        with pytest.raises(UnusableAttribute, match="at most 20"):
            attributes.tag(session, ticket, [f"tag {n}" for n in range(21)], by="mia")


def test_a_ticket_that_was_put_off_is_still_drafted(open_session: OpenSession) -> None:
    """What rests for staff does not rest for the model: the draft is ready when it wakes."""
    ticket_id = put(open_session, "Login", status=Status.RECEIVED, snoozed_until=now() + timedelta(days=1))

    with open_session() as session:
        assert [one.id for one in tickets.waiting_for_draft(session, 5)] == [ticket_id]
        tickets.propose(session, tickets.get(session, ticket_id), QUESTION)

    assert shown(open_session, "snoozed") == ["Login"]
