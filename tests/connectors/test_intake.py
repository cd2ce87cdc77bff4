"""A mail becomes a ticket, once, whatever it is."""

import contextlib
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from builders import RESET, fetched, raw_mail, taken_in
from fakes import FakeMailbox

from connectors import intake
from connectors.intake import Fetched, MailboxDown, read_here, read_some, take_in
from connectors.mail_parsing import Mail as ParsedMail
from connectors.mail_parsing import parse_mail
from connectors.settings import MailSettings
from db import decisions, mails, outbox, parts, queue, tickets
from db.lifecycle import PROGRAM, Status
from db.models import Attachment, Mail, Ticket
from db.session import OpenSession


def take_all(open_session: OpenSession, mailbox: FakeMailbox) -> None:
    while taken_in(open_session, mailbox):
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
        intake.store(session, "fake", [fetched(raw)])

    with open_session.reading() as session:
        ((mail_id, _),) = mails.unread(session, 10)
        assert mails.raws(session, [mail_id]) == [(mail_id, raw)]
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


def test_an_unreadable_mail_is_kept_and_stops_nothing(open_session: OpenSession) -> None:
    take_all(open_session, FakeMailbox([b"\x00\xff\n\n", raw_mail()]))

    assert [ticket.status for ticket in all_tickets(open_session)] == ["received"]
    with open_session.reading() as session:
        (bad,) = mails.unreadable(session)
        assert (bad.raw, bad.ticket_id) == (b"\x00\xff\n\n", None)
        assert "no headers" in bad.problem


def test_an_unreadable_mail_can_be_read_again(open_session: OpenSession) -> None:
    def breaks(raws: Sequence[bytes]) -> list[ParsedMail | str]:
        return ["The reader died." for _ in raws]

    mailbox = FakeMailbox([raw_mail()])
    while taken_in(open_session, mailbox, breaks):
        pass
    assert all_tickets(open_session) == []

    with open_session() as session:
        mails.read_again(session, 1)
    take_all(open_session, mailbox)

    assert [ticket.status for ticket in all_tickets(open_session)] == ["received"]
    with open_session.reading() as session:
        assert mails.unreadable_count(session) == 0


def test_a_mail_that_the_database_refuses_costs_only_itself(open_session: OpenSession) -> None:
    def poisoned(raws: Sequence[bytes]) -> list[ParsedMail | str]:
        found = [parse_mail(raw) for raw in raws]
        return [replace(one, from_name=None) if "poison" in one.text else one for one in found]  # type: ignore[arg-type]

    with open_session() as session:
        for i, text in enumerate(["one", "poison", "three"]):
            raw = raw_mail(text, message_id=f"{i}@x.example")
            intake.store(session, "fake", [fetched(raw, i + 1)])

    taken_in(open_session, FakeMailbox([]), poisoned)

    assert len(all_tickets(open_session)) == 2
    with open_session.reading() as session:
        assert "cannot be stored" in mails.unreadable(session)[0].problem


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


def test_mails_of_one_thread_that_come_together_are_one_ticket(open_session: OpenSession) -> None:
    second = raw_mail("Any news?", message_id="2@x.example", more="In-Reply-To: <1@x.example>\r\n")
    third = raw_mail("Hello?", message_id="3@x.example", more="In-Reply-To: <2@x.example>\r\n")
    take_all(open_session, FakeMailbox([raw_mail("First", message_id="1@x.example"), second, third]))

    with open_session.reading() as session:
        (ticket,) = session.query(Ticket)
        assert [mail.said for mail in ticket.mails] == ["First", "Any news?", "Hello?"]


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
        def fetch_after(self, uidvalidity: int, last_uid: int) -> list[Fetched]:
            raise MailboxDown("The mailbox cannot be read.")

    with pytest.raises(MailboxDown):
        taken_in(open_session, Down([]))

    with open_session.reading() as session:
        (part,) = parts.all_parts(session)
        assert (part.name, part.state, part.words) == ("mail", "failing", "The mailbox cannot be read.")


def test_events_name_the_program(open_session: OpenSession) -> None:
    take_all(open_session, FakeMailbox([raw_mail(more="List-Id: <news.shop.example>\r\n")]))

    with open_session.reading() as session:
        assert tickets.get(session, 1).events[-1].actor == PROGRAM


def test_a_colleague_in_copy_may_answer_a_stranger_may_not(open_session: OpenSession) -> None:
    first = raw_mail(more="Cc: Ben <ben@kowalczyk.example>\r\n")
    answer = "In-Reply-To: <one@kowalczyk.example>\r\n"
    colleague = raw_mail("I agree.", sender="ben@kowalczyk.example", message_id="2@kowalczyk.example", more=answer)
    stranger = raw_mail("Send it to me.", sender="eve@evil.example", message_id="3@evil.example", more=answer)

    take_all(open_session, FakeMailbox([first, colleague, stranger]))

    joined, apart = all_tickets(open_session)
    with open_session.reading() as session:
        assert len(tickets.get(session, joined.id).mails) == 2
        (mail,) = tickets.get(session, apart.id).mails
        assert "to which eve@evil.example is no party" in mail.notices[0]
        assert any(event.what == "refers" for event in tickets.get(session, apart.id).events)


def test_what_the_server_takes_for_spam_waits_apart_and_is_not_drafted(open_session: OpenSession) -> None:
    take_all(open_session, FakeMailbox([raw_mail(more="X-Spam-Flag: YES\r\n")]))

    with open_session.reading() as session:
        assert (len(queue.listed(session, queue.Query())), len(queue.listed(session, queue.Query("spam")))) == (0, 1)
        assert (queue.counts(session)["open"], queue.counts(session)["spam"]) == (0, 1)
        assert tickets.waiting_for_draft(session, 10) == []


def report(action: str = "failed", status: str = "5.1.1") -> bytes:
    return (
        "From: MAILER-DAEMON@mx.example\r\nTo: office@westpark.example\r\nSubject: Undelivered Mail\r\n"
        "Message-ID: <dsn@mx.example>\r\nDate: Thu, 14 May 2026 10:00:00 +0000\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; anna@kowalczyk.example\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 no such user\r\n\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <ours@westpark.example>\r\n\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize(
    ("action", "status", "became"), [("failed", "5.1.1", "stuck"), ("delayed", "4.4.1", "replied")]
)
def test_a_reply_that_comes_back_brings_its_ticket_back(
    open_session: OpenSession, action: str, status: str, became: str
) -> None:
    mailbox = FakeMailbox([raw_mail()])
    take_all(open_session, mailbox)
    with open_session() as session:
        ticket = tickets.get(session, 1)
        tickets.propose(session, ticket, RESET)
        decisions.approve(
            session, ticket, RESET, action=None, reply_to="x@y.example", by="mia", seen=ticket.version, undo_seconds=0
        )
        for new in (Status.ACTED, Status.REPLIED):
            tickets.move(session, ticket, new, actor=PROGRAM, seen=ticket.version)
        session.add(
            Mail(ticket_id=1, raw=b"x", read=True, dedupe_key="ours", outgoing=True, message_id="ours@westpark.example")
        )

    mailbox.raws.append(report(action, status))
    take_all(open_session, mailbox)

    (ticket,) = all_tickets(open_session)
    assert ticket.status == became
    assert ("550 no such user" in ticket.problem) == (became == "stuck")


def test_attachments_are_kept_once_by_content_and_within_limits(open_session: OpenSession) -> None:
    plan = (Path(__file__).parent.parent / "emails" / "attachment.eml").read_bytes()
    again = plan.replace(b"Message-ID: <", b"Message-ID: <again-")
    mailbox = FakeMailbox([plan, again, plan.replace(b"Message-ID: <", b"Message-ID: <third-")])

    take_all(open_session, mailbox)

    with open_session.reading() as session:
        assert session.query(Attachment).count() == 1
        stored = session.query(Mail).first()
        assert stored is not None
        assert stored.attachments[0]["sha256"] == session.query(Attachment).one().sha256


def test_an_attachment_over_the_limit_is_listed_and_said(open_session: OpenSession) -> None:
    plan = (Path(__file__).parent.parent / "emails" / "attachment.eml").read_bytes()
    mailbox = FakeMailbox([plan])

    while taken_in(open_session, mailbox, settings=MailSettings(largest_attachment=5)):
        pass

    with open_session.reading() as session:
        (mail,) = session.query(Mail).all()
        assert (mail.attachments[0]["name"], mail.attachments[0]["sha256"]) == ("plan.txt", "")
        assert any("too large" in words for words in mail.notices)


def test_senders_whose_systems_drop_headers_are_grouped_where_the_settings_say_so(open_session: OpenSession) -> None:
    first = raw_mail("Is it free?", subject="Order 77", message_id="1@x.example")
    again = raw_mail("It is urgent.", subject="AW: Re: Order 77", message_id="2@x.example")
    other = raw_mail("And this?", subject="Order 78", message_id="3@x.example")
    mailbox = FakeMailbox([first, again, other])
    while taken_in(open_session, mailbox, settings=MailSettings(group_senders="eve@evil.example, @kowalczyk.example")):
        pass

    with open_session.reading() as session:
        assert [len(ticket.mails) for ticket in tickets.page(session)] == [1, 2]


def test_nobody_is_grouped_by_subject_otherwise(open_session: OpenSession) -> None:
    take_all(
        open_session,
        FakeMailbox([raw_mail(f"{i}", subject="Order 77", message_id=f"{i}@x.example") for i in range(2)]),
    )

    assert len(all_tickets(open_session)) == 2


@pytest.mark.server
def test_of_two_processes_that_read_the_same_mails_one_makes_each_ticket(on_postgres: OpenSession) -> None:
    mailbox = FakeMailbox([raw_mail(body=f"Mail {n}") for n in range(60)])
    while take_in(on_postgres, mailbox):
        pass
    begin = threading.Barrier(2)

    def read(raws: Sequence[bytes]) -> list[ParsedMail | str]:
        with contextlib.suppress(threading.BrokenBarrierError):
            begin.wait(1)
        return read_here(raws)

    threads = [threading.Thread(target=read_some, args=(on_postgres, read, MailSettings())) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    with on_postgres.reading() as session:
        assert session.query(Mail).filter(Mail.read).count() == 60
        assert session.query(Ticket).count() == 60
