"""A reply leaves once, threaded, and filled with what really happened."""

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from builders import QUESTION, RESET, raw_mail, taken_in, words_of
from fakes import FakeMailbox, FakeMailer

from connectors.mail_parsing import parse_mail
from connectors.replies import MaybeSent, NotSent, Rejected, reply_next
from connectors.settings import SmtpSettings
from db import decisions, outbox, parts, tickets, wording
from db.desk import Desk
from db.drafts import Draft
from db.lifecycle import PROGRAM, Status
from db.models import Mail, now
from db.session import OpenSession
from db.wording import Wording

LONG_ID = "a" * 150 + "@mail.example"


def acted(open_session: OpenSession, answer: Draft = RESET, raw: bytes | None = None) -> None:
    """A ticket whose action is done and whose reply is due."""
    mailbox = FakeMailbox([raw or raw_mail(more=f"References: <first@mail.example> <{LONG_ID}>\r\n")])
    while taken_in(open_session, mailbox):
        pass
    with open_session() as session:
        ticket = tickets.get(session, 1)
        tickets.propose(session, ticket, answer, language="en")
        action = {"name": "reset_password", "params": {}} if answer is RESET else None
        decisions.approve(
            session,
            ticket,
            answer,
            action=action,
            reply_to="anna@kowalczyk.example",
            by="mia",
            seen=ticket.version,
            undo_seconds=0,
        )
        if action:
            row = outbox.claim(session, "action", when=Status.APPROVED)
            assert row is not None
            outbox.settle(session, row.id, state="done", result={"values": {"reset_url": "https://club.example/r/1"}})
        tickets.move(session, ticket, Status.ACTED, actor=PROGRAM, seen=ticket.version)


def test_the_reply_is_filled_threaded_and_kept(open_session: OpenSession, desk: Desk) -> None:
    acted(open_session)
    mailer = FakeMailer()

    assert reply_next(open_session, desk, mailer)
    assert not reply_next(open_session, desk, mailer)

    ((to, message),) = mailer.sent
    wire = message.as_bytes()
    read = message_from_bytes(wire, policy=policy.default)
    assert to == "anna@kowalczyk.example"
    assert "https://club.example/r/1" in words_of(read)
    assert "{reset_url}" not in words_of(read)
    assert read["Subject"] == "Re: Login"
    assert read["In-Reply-To"] == "<one@kowalczyk.example>"
    assert f"References: <first@mail.example> <{LONG_ID}> <one@kowalczyk.example>".encode() in wire
    with open_session.reading() as session:
        ticket = tickets.get(session, 1)
        assert ticket.status == "replied"
        assert ticket.mails[-1].outgoing
        assert ticket.mails[-1].message_id in str(read["Message-ID"])


def test_a_reply_is_signed_as_the_desk_is_set_just_now(open_session: OpenSession, desk: Desk) -> None:
    acted(open_session)
    with open_session() as session:
        wording.save(session, Wording(title="TC Nord", signature={"en": "Yours\nTC Nord"}))
    mailer = FakeMailer()
    reply_next(open_session, desk, mailer)

    ((_, message),) = mailer.sent
    assert message["From"].startswith("TC Nord <")
    assert "Yours\nTC Nord" in words_of(message)
    assert "club office" not in words_of(message)


def test_an_unfilled_placeholder_never_leaves(open_session: OpenSession, desk: Desk) -> None:
    acted(open_session, Draft("general_inquiry", "", {}, "Your link: {reset_url}"))
    mailer = FakeMailer()

    reply_next(open_session, desk, mailer)

    assert mailer.sent == []
    with open_session.reading() as session:
        ticket = tickets.get(session, 1)
        assert ticket.status == "stuck"
        assert "reset_url" in ticket.problem
        assert "Nothing was sent" in ticket.problem


def test_a_server_that_is_down_is_tried_again_later(open_session: OpenSession, desk: Desk) -> None:
    acted(open_session, QUESTION)
    mailer = FakeMailer(problems=[NotSent("The mail server cannot be reached.")])

    reply_next(open_session, desk, mailer)

    with open_session() as session:
        ticket = tickets.get(session, 1)
        row = outbox.latest(ticket, "reply")
        assert row is not None
        assert (ticket.status, row.state, row.attempts) == ("acted", "promised", 0)
        assert row.not_before > now()
        assert parts.all_parts(session)[-1].state == "failing"
        row.not_before = now()
    reply_next(open_session, desk, mailer)
    assert len(mailer.sent) == 1


@pytest.mark.parametrize(
    ("problem", "words"),
    [(MaybeSent("The line broke."), "may have left"), (Rejected("No such address."), "was not sent")],
)
def test_what_cannot_be_known_or_will_never_work_goes_to_a_person(
    open_session: OpenSession, desk: Desk, problem: Exception, words: str
) -> None:
    acted(open_session, QUESTION)
    mailer = FakeMailer(problems=[problem])

    reply_next(open_session, desk, mailer)
    assert not reply_next(open_session, desk, mailer)

    with open_session.reading() as session:
        ticket = tickets.get(session, 1)
        assert ticket.status == "stuck"
        assert words in ticket.problem


def test_a_reply_that_was_interrupted_while_leaving_is_not_repeated(open_session: OpenSession, desk: Desk) -> None:
    acted(open_session, QUESTION)
    with open_session() as session:
        row = outbox.claim(session, "reply", when=Status.ACTED)
        assert row is not None
        outbox.go(session, row.id)
        row.owner = outbox.whoami().split(":")[0] + ":4194304"
    mailer = FakeMailer()

    reply_next(open_session, desk, mailer)

    assert mailer.sent == []
    with open_session.reading() as session:
        assert tickets.get(session, 1).status == "stuck"


def test_a_reply_that_was_interrupted_before_it_left_is_sent(open_session: OpenSession, desk: Desk) -> None:
    acted(open_session, QUESTION)
    with open_session() as session:
        row = outbox.claim(session, "reply", when=Status.ACTED)
        assert row is not None
        row.owner = outbox.whoami().split(":")[0] + ":4194304"
    mailer = FakeMailer()

    reply_next(open_session, desk, mailer)

    assert len(mailer.sent) == 1
    with open_session.reading() as session:
        assert tickets.get(session, 1).status == "replied"


def test_a_subject_cannot_add_a_header(open_session: OpenSession, desk: Desk) -> None:
    acted(open_session, QUESTION, raw_mail(subject="Hello\r\n Bcc: eve@evil.example"))
    mailer = FakeMailer()

    reply_next(open_session, desk, mailer)

    assert mailer.sent[0][1]["Bcc"] is None


def test_a_mail_that_came_meanwhile_reopens_the_ticket(open_session: OpenSession, desk: Desk) -> None:
    acted(open_session, QUESTION)
    with open_session() as session:
        session.add(Mail(ticket_id=1, raw=b"x", read=True, dedupe_key="later", text="and one more thing"))

    reply_next(open_session, desk, FakeMailer())

    with open_session.reading() as session:
        assert tickets.get(session, 1).status == "received"


def sent(open_session: OpenSession, desk: Desk, **form: bool) -> EmailMessage:
    mailer = FakeMailer()
    assert reply_next(open_session, desk, mailer, SmtpSettings.model_validate(form))
    ((_, message),) = mailer.sent
    return message


def test_a_reply_has_an_html_form_that_cannot_carry_markup(open_session: OpenSession, desk: Desk) -> None:
    acted(open_session, Draft("general_inquiry", "", {}, "Hi <b>Anna</b>,\n\nsee https://club.example/a?b=1&c=2."))

    message = sent(open_session, desk)

    html = message.get_body(("html",))
    assert html is not None
    assert "Hi &lt;b&gt;Anna&lt;/b&gt;,</p>" in html.get_content()
    assert '<a href="https://club.example/a?b=1&amp;c=2">' in html.get_content()
    assert "Auto-Submitted" not in message  # a person signed it


def test_the_customers_mail_is_quoted_where_the_settings_say_so(open_session: OpenSession, desk: Desk) -> None:
    acted(
        open_session,
        QUESTION,
        raw_mail("I forgot it.\r\n\r\nOn Tue, 12 May 2026, TC Westpark wrote:\r\n> Shall we?\r\n"),
    )

    message = sent(open_session, desk, quote=True)

    assert "Anna Kowalczyk wrote:\n> I forgot it." in words_of(message).replace("\r\n", "\n")
    assert "Shall we" not in words_of(message)
    assert parse_mail(message.as_bytes()).said.startswith("Hi Anna,")


def test_a_token_in_our_address_finds_the_ticket_where_headers_are_lost(open_session: OpenSession, desk: Desk) -> None:
    acted(open_session, QUESTION)
    message = sent(open_session, desk, plus_address=True)
    address = str(message["Reply-To"]).partition("<")[2].strip(">")
    assert address.startswith("office+")
    token = address.partition("+")[2].partition("@")[0]
    assert token in str(message["Message-ID"])

    def answer(to: str, sender: str, number: int) -> bytes:
        raw = raw_mail("One more thing.", message_id=f"{number}@x.example", sender=sender)
        return raw.replace(b"To: office@westpark.example", f"To: {to}".encode())

    mailbox = FakeMailbox([raw_mail(more=f"References: <first@mail.example> <{LONG_ID}>\r\n")])
    mailbox.raws += [
        answer(address, "anna@kowalczyk.example", 2),
        answer(address, "eve@evil.example", 3),
        answer(address.replace(token, "0" * 16), "anna@kowalczyk.example", 4),
    ]
    while taken_in(open_session, mailbox):
        pass

    with open_session.reading() as session:
        assert [len([mail for mail in ticket.mails if not mail.outgoing]) for ticket in tickets.page(session)][
            ::-1
        ] == [2, 1, 1]


def test_a_mail_without_id_is_not_answered_with_an_invented_one(open_session: OpenSession, desk: Desk) -> None:
    acted(open_session, QUESTION, raw_mail().replace(b"Message-ID: <one@kowalczyk.example>\r\n", b""))

    assert "In-Reply-To" not in sent(open_session, desk)
