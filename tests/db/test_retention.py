"""Tickets that were kept long enough lose their words, and no others do."""

from datetime import timedelta

import pytest
from builders import QUESTION

from db import decisions, lessons, retention, tickets
from db.lifecycle import PROGRAM, Status
from db.models import Event, Mail, Retraining, Ticket, now
from db.retention import Retention, UnusableRetention, let_go_next, read
from db.session import OpenSession


def settled(open_session: OpenSession, status: Status, days: int, spam: str = "") -> int:
    """A ticket that came to that status so many days ago."""
    with open_session() as session:
        ticket = tickets.open_by_hand(
            session, by="mia", subject="Secret subject", body="Secret body", from_email="anna@kowalczyk.example"
        )
        ticket.spam = spam
        tickets.propose(session, ticket, QUESTION)
        if status is Status.DISMISSED:
            tickets.move(session, ticket, status, actor="mia", seen=ticket.version)
        elif status is Status.REPLIED:
            decisions.approve(
                session,
                ticket,
                QUESTION,
                action=None,
                reply_to="a@b.example",
                by="mia",
                seen=ticket.version,
                undo_seconds=0,
            )
            for step in (Status.ACTED, Status.REPLIED):
                tickets.move(session, ticket, step, actor=PROGRAM, seen=ticket.version)
            for promise in ticket.promises:
                promise.state = "done"
        session.flush()
        ticket.changed_at = now() - timedelta(days=days)
        return ticket.id


def says(open_session: OpenSession) -> list[bool]:
    with open_session.reading() as session:
        return [one.subject != "" for one in session.query(Ticket).order_by(Ticket.id)]


def test_what_was_kept_long_enough_loses_its_words(open_session: OpenSession) -> None:
    settled(open_session, Status.REPLIED, 400)
    settled(open_session, Status.REPLIED, 300)
    settled(open_session, Status.DISMISSED, 40)
    settled(open_session, Status.IN_REVIEW, 4000)
    settled(open_session, Status.IN_REVIEW, 40, spam="casino")
    assert not let_go_next(open_session)  # for ever is the default
    with open_session() as session:
        retention.save(session, Retention(replied=365, dismissed=30, spam=30))

    while let_go_next(open_session):
        pass

    assert says(open_session) == [False, True, False, True, False]
    with open_session.reading() as session:
        assert [one.text for one in session.query(Mail).order_by(Mail.id)] == ["", "Secret body", "", "Secret body", ""]
        assert {row["family"] for row in lessons.rows(session)} == {"ticket-2"}
        assert session.query(Retraining).count() == 0
        assert session.query(Event).filter_by(what="forgotten").count() == 3
        assert session.get_one(Ticket, 5).status == Status.DISMISSED


def test_what_is_still_to_be_sent_is_waited_for(open_session: OpenSession) -> None:
    settled(open_session, Status.REPLIED, 400)
    with open_session() as session:
        ticket = tickets.get(session, 1)
        ticket.promises[0].state = "promised"
        retention.save(session, Retention(replied=30))
    assert not let_go_next(open_session)
    assert says(open_session) == [True]


@pytest.mark.parametrize("typed", ["1", "-3", "soon", "99999", "1.5"])
def test_what_is_no_number_of_days_is_refused(typed: str) -> None:
    with pytest.raises(UnusableRetention, match="7 to 36500"):
        read({"replied": typed})
    assert read({"replied": "", "spam": " 30 "}) == Retention(spam=30)
