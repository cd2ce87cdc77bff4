"""A mail that is passed on leaves once, with the mail itself; a reply carries its files and reaches everybody it names."""

from email.message import EmailMessage

import pytest
from builders import QUESTION, raw_mail
from fakes import FakeMailer

from connectors.letters import letter_next
from connectors.replies import MaybeSent, NotSent, reply_next
from db import decisions, letters, mails, outbox, tickets
from db.desk import Desk
from db.letters import File, Recipients
from db.lifecycle import PROGRAM, Status
from db.models import Promise, now
from db.session import OpenSession


def take_in(open_session: OpenSession) -> None:
    with open_session() as session:
        ticket = tickets.open_by_hand(
            session, by="mia", subject="Login", body="I am anna42.", from_email="anna@kowalczyk.example"
        )
        ticket.mails[0].raw = raw_mail()


@pytest.fixture
def passed_on(open_session: OpenSession) -> OpenSession:
    take_in(open_session)
    with open_session() as session:
        recipients = Recipients(("builder@x.example",), ("boss@x.example",))
        letters.forward(
            session, tickets.get(session, 1), by="mia", recipients=recipients, words="Please look.", wait=True
        )
    return open_session


def state(open_session: OpenSession) -> str:
    with open_session.reading() as session:
        return session.get_one(Promise, 1).state


def test_it_carries_our_words_and_the_mail_as_it_came(passed_on: OpenSession, desk: Desk) -> None:
    mailer = FakeMailer()

    assert letter_next(passed_on, desk, mailer)
    assert not letter_next(passed_on, desk, mailer)

    ((to, message),) = mailer.sent
    assert to == "builder@x.example, boss@x.example"
    assert (message["To"], message["Cc"]) == ("builder@x.example", "boss@x.example")
    assert message["Subject"].startswith("Fwd: ")
    text = message.get_body(("plain",))
    assert text is not None
    assert text.get_content().startswith("Please look.")
    (original,) = message.iter_attachments()
    assert original.get_content_type() == "message/rfc822"
    with passed_on.reading() as session:
        ticket = tickets.get(session, 1)
        assert ticket.status == "received"  # passing on decides nothing
        assert [mail.outgoing for mail in ticket.mails] == [False, True]


def test_one_that_was_interrupted_is_not_sent_again_and_says_so(passed_on: OpenSession, desk: Desk) -> None:
    assert letter_next(passed_on, desk, FakeMailer(problems=[MaybeSent("The line broke.")]))

    assert not letter_next(passed_on, desk, FakeMailer())
    with passed_on.reading() as session:
        assert "The mail passed on to builder@x.example: The line broke." in tickets.get(session, 1).problem
    assert state(passed_on) == "unknown"


def test_one_that_did_not_leave_is_tried_again(passed_on: OpenSession, desk: Desk) -> None:
    mailer = FakeMailer(problems=[NotSent("The server is down.")])

    assert letter_next(passed_on, desk, mailer)
    assert state(passed_on) == "promised"
    with passed_on() as session:
        session.get_one(Promise, 1).not_before = now()
    assert letter_next(passed_on, desk, mailer)

    assert len(mailer.sent) == 1


def test_what_was_changed_since_it_was_ordered_does_not_leave(passed_on: OpenSession, desk: Desk) -> None:
    with passed_on() as session:
        row = session.get_one(Promise, 1)
        row.payload = {**row.payload, "to": "evil@x.example"}
    mailer = FakeMailer()

    letter_next(passed_on, desk, mailer)

    assert mailer.sent == []


def test_a_reply_carries_its_files_and_reaches_copies_that_nobody_sees(open_session: OpenSession, desk: Desk) -> None:
    take_in(open_session)
    file = File("map.pdf", "application/pdf", 5, "5e1")
    with open_session() as session:
        mails.keep_attachments(session, {"5e1": b"a map"})
        ticket = tickets.get(session, 1)
        tickets.propose(session, ticket, QUESTION)
        decisions.approve(
            session, ticket, QUESTION, action=None, reply_to="anna@kowalczyk.example", by="mia", seen=ticket.version,
            undo_seconds=0, carried=letters.carried(Recipients(cc=("c@x.example",), bcc=("b@x.example",)), [file]),
        )  # fmt: skip
        tickets.move(session, ticket, Status.ACTED, actor=PROGRAM, seen=ticket.version)
    mailer = FakeMailer()

    assert reply_next(open_session, desk, mailer)

    ((to, message),) = mailer.sent
    assert to == "anna@kowalczyk.example, c@x.example, b@x.example"
    assert (message["Cc"], message["Bcc"]) == ("c@x.example", None)
    (attached,) = message.iter_attachments()
    assert isinstance(attached, EmailMessage)
    assert (attached.get_filename(), attached.get_content()) == ("map.pdf", b"a map")
    with open_session.reading() as session:
        sent = tickets.get(session, 1).mails[-1]
        assert (sent.cc, sent.attachments[0]["name"]) == (["c@x.example"], "map.pdf")
        assert outbox.is_as_signed(session.get_one(Promise, 1))
