"""A one-time code leaves once, comes back by mail, and proves nothing when it is late, wrong or guessed."""

from datetime import timedelta

import pytest
from builders import RESET, raw_mail, taken_in, words_of
from fakes import FakeMailbox, FakeMailer

from connectors.codes import code_next
from connectors.replies import MaybeSent, NotSent
from db import confirmations, tickets
from db.desk import Desk
from db.models import Confirmation, Mail, Promise, now
from db.session import OpenSession

OWN = "anna@kowalczyk.example"
FIRST = raw_mail(sender="Anna <anna@freemail.example>")


def asked_for(open_session: OpenSession) -> None:
    """A ticket in review, and a code that is promised to the address on file."""
    while taken_in(open_session, FakeMailbox([FIRST])):
        pass
    with open_session() as session:
        ticket = tickets.get(session, 1)
        tickets.propose(session, ticket, RESET, language="en")
        confirmations.send(session, ticket, "anna42", OWN, by="mia", seen=ticket.version)


def code(open_session: OpenSession) -> Confirmation:
    with open_session.reading() as session:
        return session.query(Confirmation).one()


def answer(open_session: OpenSession, words: str, number: int = 2) -> None:
    with open_session.reading() as session:
        sent = session.query(Mail).filter(Mail.outgoing).one()
    more = f"In-Reply-To: <{sent.message_id}>\r\n"
    raw = raw_mail(words, sender=f"Anna <{OWN}>", message_id=f"{number}@kowalczyk.example", more=more)
    while taken_in(open_session, FakeMailbox([FIRST, *[raw] * (number - 1)])):
        pass


def test_the_code_leaves_once_and_its_answer_settles_the_doubt(open_session: OpenSession, desk: Desk) -> None:
    asked_for(open_session)
    mailer = FakeMailer()
    assert code_next(open_session, desk, mailer)
    assert not code_next(open_session, desk, mailer)
    ((to, message),) = mailer.sent
    out = code(open_session)
    assert to == OWN
    assert out.code in words_of(message)
    assert "anna@freemail.example" in words_of(message)

    answer(open_session, f"Yes it is me, {out.code.replace('-', ' ')}\r\n")

    with open_session.reading() as session:
        ticket = tickets.get(session, 1)
        assert ticket.status == "in_review"  # nothing is drafted anew
        assert ticket.trust is not None
        assert (ticket.trust["way"], ticket.trust["asker"]) == ("code", "anna@freemail.example")
        question = tickets.newest_question(ticket)
        assert question is not None
        assert question.from_email == "anna@freemail.example"


def test_a_wrong_code_counts_and_the_fifth_ends_it(open_session: OpenSession, desk: Desk) -> None:
    asked_for(open_session)
    code_next(open_session, desk, FakeMailer())
    right = code(open_session).code
    wrong = "0000-0000" if right != "0000-0000" else "1111-1111"

    with open_session() as session:
        ticket = tickets.get(session, 1)
        said = [confirmations.answered(session, ticket, wrong) for _ in range(5)]
        said.append(confirmations.answered(session, ticket, right))

    assert said == ["wrong", "wrong", "wrong", "wrong", "closed", "none"]
    with open_session.reading() as session:
        assert tickets.get(session, 1).trust is None


def test_a_late_code_proves_nothing(open_session: OpenSession, desk: Desk) -> None:
    asked_for(open_session)
    code_next(open_session, desk, FakeMailer())
    with open_session() as session:
        out = session.query(Confirmation).one()
        out.expires_at = now() - timedelta(minutes=1)

    answer(open_session, out.code)

    with open_session.reading() as session:
        ticket = tickets.get(session, 1)
        assert ticket.trust is None
        assert "expired" in ticket.mails[-1].notices[-1]


def test_a_new_code_ends_the_one_before(open_session: OpenSession) -> None:
    asked_for(open_session)
    old = code(open_session).code
    with open_session() as session:
        ticket = tickets.get(session, 1)
        new = confirmations.send(session, ticket, "anna42", OWN, by="mia", seen=ticket.version).code
        assert confirmations.answered(session, ticket, old if old != new else "x") in ("wrong", "none")
        assert confirmations.answered(session, ticket, new) == "right"


@pytest.mark.parametrize(
    ("problem", "state", "words"), [(NotSent("busy"), "promised", ""), (MaybeSent("The line broke."), "unknown", "Nobody knows whether it arrived")]
)  # fmt: skip
def test_a_code_that_does_not_leave_is_tried_again_or_said(
    open_session: OpenSession, desk: Desk, problem: Exception, state: str, words: str
) -> None:
    asked_for(open_session)

    code_next(open_session, desk, FakeMailer(problems=[problem]))

    with open_session.reading() as session:
        assert session.query(Promise).one().state == state
        assert words in tickets.get(session, 1).problem
        assert tickets.get(session, 1).status == "in_review"


def test_trust_ends_with_the_next_mail_whatever_the_ticket_is_about_to_do(open_session: OpenSession) -> None:
    asked_for(open_session)
    with open_session() as session:
        ticket = tickets.get(session, 1)
        confirmations.trust(session, ticket, "override", "anna42", by="mia", reason="known at the counter")
        ticket.status = "stuck"  # type: ignore[assignment]

    again = raw_mail("And now my other account", sender="Anna <anna@freemail.example>", message_id="7@x.example")
    more = again.replace(b"Subject:", b"In-Reply-To: <one@kowalczyk.example>\r\nSubject:", 1)
    while taken_in(open_session, FakeMailbox([FIRST, more])):
        pass

    with open_session.reading() as session:
        ticket = tickets.get(session, 1)
        assert len(ticket.mails) == 2
        assert ticket.trust is None


def test_a_code_that_was_interrupted_on_its_way_is_not_sent_again_and_is_said(
    open_session: OpenSession, desk: Desk
) -> None:
    asked_for(open_session)
    with open_session() as session:
        session.query(Promise).update({"state": "inflight", "owner": "elsewhere:1", "lease_until": now()})
    mailer = FakeMailer()

    assert code_next(open_session, desk, mailer)
    assert not code_next(open_session, desk, mailer)

    assert mailer.sent == []
    with open_session.reading() as session:
        assert session.query(Promise).one().state == "unknown"
        assert "may have left" in tickets.get(session, 1).problem
