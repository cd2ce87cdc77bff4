"""One mail through the whole house: mail, ticket, draft, review, action, reply."""

from builders import RESET, raw_mail, read_verified, taken_in, words_of
from fakes import ANNA, FakeClub, FakeMailbox, FakeMailer, FakeModel

from actions.checking import check_next
from actions.dispatch import act_next
from ai.drafting import draft_next
from connectors.replies import reply_next
from db import decisions, tickets
from db.desk import Desk
from db.plans import Plan
from db.session import OpenSession


def test_a_mail_walks_through_the_house_once(open_session: OpenSession, desk: Desk) -> None:
    mailbox, model = FakeMailbox([raw_mail()]), FakeModel([RESET])
    club, mailer = FakeClub(members=[ANNA]), FakeMailer()

    while taken_in(open_session, mailbox, read_verified):
        pass
    draft_next(open_session, desk, model)
    check_next(open_session, desk, club)
    assert not act_next(open_session, desk, club)
    assert not reply_next(open_session, desk, mailer)
    assert (club.effects, mailer.sent) == ([], [])  # nothing reaches the world without a signature

    with open_session() as session:
        ticket = tickets.get(session, 1)
        assert ticket.plan is not None
        plan = Plan.from_json(ticket.plan)
        action = {"name": plan.action, "params": plan.params, "court": plan.court}
        decisions.approve(
            session, ticket, RESET, action=action, reply_to=plan.to, by="mia", seen=ticket.version, undo_seconds=0
        )
    for _ in range(3):
        act_next(open_session, desk, club)
        reply_next(open_session, desk, mailer)

    assert [(name, params) for name, params, _ in club.effects] == [("reset_password", {"username": "anna42"})]
    ((to, message),) = mailer.sent
    assert to == "anna@kowalczyk.example"
    assert "https://club.example/reset/x" in words_of(message)
    with open_session.reading() as session:
        ticket = tickets.get(session, 1)
        assert [event.new for event in ticket.events if event.new] == [
            "received",
            "in_review",
            "approved",
            "acted",
            "replied",
        ]
