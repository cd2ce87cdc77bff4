"""Notices by mail: only to who asked, only what was not read, each once."""

from datetime import timedelta

import pytest
from fakes import FakeMailer
from sqlalchemy import update

from connectors.notices import notice_next
from connectors.replies import MaybeSent, NotSent, Rejected
from db import notices
from db.desk import Desk
from db.models import Notice, Person, Ticket, now
from db.session import OpenSession

URL = "https://desk.example"


@pytest.fixture
def told(open_session: OpenSession) -> OpenSession:
    """Mia wants mail of what is stuck; Jana wants none. Two tickets are."""
    with open_session() as session:
        session.add(Person(id=1, email="mia@x.example", password_hash="x", mailed_of=["stuck"]))
        session.add(Person(id=2, email="jana@x.example", password_hash="x"))
        for subject in ("Court 3", "Pass\nBcc: evil@x.example"):
            ticket = Ticket(subject=subject)
            session.add(ticket)
            session.flush()
            notices.tell_those_concerned(session, ticket, "stuck", f"“{subject}” is stuck.")
    return open_session


def minutes_later(open_session: OpenSession) -> None:
    with open_session() as session:
        session.execute(update(Notice).where(Notice.mail_at.is_not(None)).values(mail_at=now() - timedelta(seconds=1)))


def step(open_session: OpenSession, desk: Desk, mailer: FakeMailer) -> bool:
    return notice_next(open_session, desk, mailer, URL)


def test_one_mail_tells_all_once(told: OpenSession, desk: Desk) -> None:
    mailer = FakeMailer()
    assert not step(told, desk, mailer)  # not before somebody could read it on the page
    minutes_later(told)

    assert step(told, desk, mailer)
    assert not step(told, desk, mailer)

    ((_, message),) = mailer.sent
    assert message["To"] == "mia@x.example"
    assert message["Subject"] == "[Courtdesk] “Court 3” is stuck. (and 1 more)"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Bcc"] is None
    assert f"{URL}/tickets/2?view=all" in message.get_content()


def test_what_was_read_is_not_mailed(told: OpenSession, desk: Desk) -> None:
    with told() as session:
        notices.read(session, 1, ticket_id=1)
    minutes_later(told)
    mailer = FakeMailer()

    step(told, desk, mailer)

    assert "tickets/1" not in mailer.sent[0][1].get_content()


@pytest.mark.parametrize(("problem", "waits"), [(NotSent("busy"), 2), (Rejected("no"), 0), (MaybeSent("line"), 0)])
def test_one_that_did_not_leave_waits_and_no_other(
    told: OpenSession, desk: Desk, problem: Exception, waits: int
) -> None:
    minutes_later(told)

    assert step(told, desk, FakeMailer(problems=[problem]))

    with told.reading() as session:
        assert session.query(Notice).where(Notice.mail_at > now()).count() == waits
        assert session.query(Notice).where(~Notice.is_read).count() == 4  # they stand on the page


def test_nobody_who_left_is_told(told: OpenSession, desk: Desk) -> None:
    minutes_later(told)
    with told() as session:
        session.get_one(Person, 1).is_active = False

    assert not step(told, desk, FakeMailer())
