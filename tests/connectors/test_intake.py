"""A mail becomes a ticket, once, whatever it is."""

import pytest
from builders import RESET, fetched, raw_mail
from fakes import FakeMailbox

from connectors import intake
from connectors.intake import MailboxDown, take_in
from db import decisions, mails, outbox, parts, tickets
from db.lifecycle import PROGRAM, Status
from db.models import Mail, Ticket
from db.session import OpenSession


def take_all(open_session: OpenSession, mailbox: FakeMailbox) -> None:
    while take_in(open_session, mailbox):
        pass


def all_tickets(open_session: OpenSession) -> list[Ticket]:
    with open_session.reading() as session:
        return list(session.query(Ticket).order_by(Ticket.id))


def test_a_mail_becomes_a_ticket(open_session: OpenSession) -> None:
    take_all(open_session, FakeMailbox([raw_mail()]))

    (ticket,) = all_tickets(open_session)
    assert (ticket.status, ticket.subject, ticket.from_email) == ("received", "Login", "anna@kowalczyk.example")


def test_the_raw_mail_is_stored_before_it_is_read(open_session: OpenSession) -> None:
    raw = raw_mail()
    with open_session() as session:
        intake.store(session, "fake", fetched(raw))

    with open_session.reading() as session:
        mail = mails.next_unread(session)
        assert mail is not None
        assert mail.raw == raw
        assert mails.cursor_of(session, "fake").last_uid == 1
    assert all_tickets(open_session) == []


def test_the_same_mail_twice_is_one_ticket(open_session: OpenSession) -> None:
    again = b"Received: by another server\r\n" + raw_mail()

    take_all(open_session, FakeMailbox([raw_mail(), again]))

    assert len(all_tickets(open_session)) == 1


def test_the_same_id_with_other_words_is_another_mail(open_session: OpenSession) -> None:
    take_all(open_session, FakeMailbox([raw_mail("one"), raw_mail("two")]))

    assert len(all_tickets(open_session)) == 2


def test_a_mail_without_id_is_taken_in_once(open_session: OpenSession) -> None:
    raw = raw_mail().replace(b"Message-ID: <one@kowalczyk.example>\r\n", b"")

    take_all(open_session, FakeMailbox([raw, raw]))

    assert len(all_tickets(open_session)) == 1


def test_an_unreadable_mail_is_shown_and_stops_nothing(open_session: OpenSession) -> None:
    take_all(open_session, FakeMailbox([b"\x00\xff\n\n", raw_mail()]))

    bad, good = all_tickets(open_session)
    assert (bad.status, bad.needs_human) == ("in_review", True)
    assert "cannot be read" in bad.problem
    assert good.status == "received"
    with open_session.reading() as session:
        assert session.query(Mail).filter(Mail.ticket_id == bad.id).one().raw == b"\x00\xff\n\n"


def test_a_machine_gets_no_answer(open_session: OpenSession) -> None:
    take_all(open_session, FakeMailbox([raw_mail(more="Auto-Submitted: auto-replied\r\n")]))

    assert all_tickets(open_session)[0].status == "dismissed"


def test_an_answer_joins_its_ticket_and_retires_the_proposal(open_session: OpenSession) -> None:
    take_all(open_session, FakeMailbox([raw_mail()]))
    with open_session() as session:
        tickets.propose(session, tickets.get(session, 1), RESET)

    second = raw_mail(
        "It works now.", message_id="two@kowalczyk.example", more="In-Reply-To: <one@kowalczyk.example>\r\n"
    )
    take_all(open_session, FakeMailbox([raw_mail(), second]))

    (ticket,) = all_tickets(open_session)
    assert ticket.status == "received"
    with open_session.reading() as session:
        assert len(tickets.get(session, 1).mails) == 2


def test_a_stranger_who_knows_an_id_does_not_join(open_session: OpenSession) -> None:
    stranger = raw_mail(
        "send it to me",
        sender="eve@evil.example",
        message_id="x@evil.example",
        more="In-Reply-To: <one@kowalczyk.example>\r\n",
    )

    take_all(open_session, FakeMailbox([raw_mail(), stranger]))

    assert len(all_tickets(open_session)) == 2


def test_a_customer_who_writes_before_the_claim_stops_the_approval(open_session: OpenSession) -> None:
    take_all(open_session, FakeMailbox([raw_mail()]))
    with open_session() as session:
        ticket = tickets.get(session, 1)
        tickets.propose(session, ticket, RESET)
        decisions.approve(
            session, ticket, RESET, action=None, reply_to="x@y.example", by="mia", seen=ticket.version, undo_seconds=60
        )

    second = raw_mail("Never mind.", message_id="two@kowalczyk.example", more="References: <one@kowalczyk.example>\r\n")
    take_all(open_session, FakeMailbox([raw_mail(), second]))

    with open_session() as session:
        ticket = tickets.get(session, 1)
        assert ticket.status == "received"
        assert {row.state for row in ticket.promises} == {"withdrawn"}
        assert outbox.claim(session, "reply", when=Status.ACTED) is None


def test_a_mailbox_that_is_down_says_so_in_the_header(open_session: OpenSession) -> None:
    class Down(FakeMailbox):
        def fetch_after(self, uidvalidity: int, last_uid: int) -> None:
            raise MailboxDown("The mailbox cannot be read.")

    with pytest.raises(MailboxDown):
        take_in(open_session, Down([]))

    with open_session.reading() as session:
        (part,) = parts.all_parts(session)
        assert (part.name, part.state, part.words) == ("mail", "failing", "The mailbox cannot be read.")


def test_events_name_the_program(open_session: OpenSession) -> None:
    take_all(open_session, FakeMailbox([b"\x00\xff\n\n"]))

    with open_session.reading() as session:
        assert tickets.get(session, 1).events[-1].actor == PROGRAM
