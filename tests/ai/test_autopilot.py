"""What may be answered alone, how sure that must be, and that the promised error is kept."""

import math
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from builders import QUESTION

from ai.autopilot import autopilot_next
from ai.confidence import logit
from ai.proof import LOOKS, Case, fitted, prove
from db import autopilot, decisions, lessons, looks, outbox, tickets, versions
from db.autopilot import CannotOpen, risen
from db.desk import Desk
from db.drafts import Draft
from db.lifecycle import PROGRAM, Status
from db.models import AutopilotCategory, AutopilotLook, Lesson, Mail, Ticket
from db.plans import Check, Plan
from db.session import OpenSession

MADE_BY = {"base": "b", "adapter": "a", "prompt": "p", "precision": "bf16", "calibration": "c", "features": [1.0, 2.0]}
FIT = {"temperature": 1.0, "weights": [], "means": [], "scales": [], "bias": 0.0}
TERMS = {"threshold": 0.9, "fit": FIT, "model": "b|a|p|bf16|c", "error": 0.01}
ADAPTERS = {"a": "/a", "b": "/b"}


def simulated(rng: random.Random, count: int, skill: float = 6.0, hard: float = 0.2) -> list[Case]:
    """Drafts of a model that says with some noise how sure it may be: most mails are easy, some are hard."""
    cases = []
    for _ in range(count):
        truth = 1 / (1 + math.exp(-(rng.gauss(0.0, 1.0) if rng.random() < hard else skill)))
        said = 1 / (1 + math.exp(-(logit(truth) * 1.8 + rng.gauss(0, 0.5))))
        cases.append(Case(said, (rng.random(),), rng.random() < truth))
    return cases


# ---- The proof


def test_few_decisions_prove_nothing_and_it_says_how_many_would() -> None:
    proof = prove([Case(0.99, (), True)] * 100, 0.01, tests=1)

    assert (proof.threshold, proof.coverage) == (None, 0.0)
    rest = prove([Case(0.99, (), True)] * (100 + proof.needed), 0.01, tests=1)
    assert rest.threshold is not None
    assert prove([Case(0.99, (), True)] * (99 + proof.needed), 0.01, tests=1).threshold is None


def test_nothing_at_all_is_told_as_well() -> None:
    proof = prove([], 0.01, tests=4)
    assert (proof.cases, proof.threshold, proof.needed) == (0, None, 1200)


def test_the_promised_error_is_kept_although_one_looks_after_every_decision() -> None:
    """Of 120 desks, each opened as soon as it may be, at most one in twenty may go above 3 %."""
    rng, above, opened = random.Random(1), 0, 0
    for _ in range(120):
        cases = simulated(rng, 2400, hard=0.12)
        proofs = (prove(cases[:count], 0.03, tests=1) for count in LOOKS if count <= len(cases))
        proof = next((one for one in proofs if one.threshold is not None), None)
        if proof is None or proof.threshold is None:
            continue
        opened += 1
        later = [
            one for one in simulated(rng, 3000, hard=0.12) if proof.fit(one.confidence, one.features) >= proof.threshold
        ]
        above += sum(not one.right for one in later) / len(later) > 0.03
    assert opened > 60
    assert above <= 0.05 * 120


def test_between_two_looks_nothing_is_proven_anew() -> None:
    rng = random.Random(4)
    cases = simulated(rng, 1199, hard=0.02)
    assert prove(cases, 0.05, tests=1).threshold == prove(cases[:600], 0.05, tests=1).threshold
    assert prove(cases[:299], 0.2, tests=1).threshold is None


def test_an_overconfident_model_is_cooled_down() -> None:
    rng = random.Random(2)
    cases = [Case(0.98, (), rng.random() < 0.8) for _ in range(300)]
    fit, judged = fitted(cases)
    assert len(judged) == 300
    assert abs(fit(0.98, ()) - 0.8) < 0.06


def test_a_second_sign_is_used_where_it_tells_more_and_judged_on_others() -> None:
    rng = random.Random(3)
    cases = []
    for _ in range(1200):
        sign = rng.random() < 0.3
        cases.append(Case(0.9, (logit(0.9), float(sign)), rng.random() > (0.9 if sign else 0.02)))
    fit, judged = fitted(cases)
    assert len(judged) == 600
    assert fit(0.9, (logit(0.9), 0.0)) > 0.9 > 0.3 > fit(0.9, (logit(0.9), 1.0))


# ---- The watch


def test_ten_thousand_tickets_with_a_drift_stay_within_the_promise() -> None:
    """Opened on evidence, watched by a tenth of the answers; from ticket 6,000 on the mails are of another kind."""
    kept = closed = early = 0
    for seed in range(20):
        rng = random.Random(100 + seed)
        proof = prove(simulated(rng, 3000, hard=0.05), 0.02, tests=1)
        assert proof.threshold is not None
        audits: list[bool] = []
        alone = wrong = 0
        ended = None
        for number in range(10_000):
            has_drifted = number >= 6000
            one = simulated(rng, 1, hard=0.05)[0]
            if has_drifted and rng.random() < 0.25:
                one = replace(one, right=False)
            if proof.fit(one.confidence, one.features) < proof.threshold:
                continue
            if rng.random() < 0.1:
                audits.append(not one.right)
                if risen(audits[-500:], 0.02):
                    ended = number
                    break
            else:
                alone, wrong = alone + 1, wrong + (not one.right)
        kept += wrong / alone <= 0.02
        early += ended is not None and ended < 6000
        closed += ended is not None and 6000 <= ended < 7500
    assert (early, closed) == (0, 20)
    assert kept == 20


def test_a_rise_is_noticed_after_a_long_good_time() -> None:
    good, bad = [False] * 400, [True, False, False] * 10
    assert not risen(good, 0.01)
    assert risen(good + bad, 0.01)
    assert not risen([], 0.01)


# ---- The stage


@pytest.fixture
def ready(open_session: OpenSession) -> Callable[..., int]:
    """Put a drafted ticket of a verified sender; returns its number."""

    def put(mail: dict[str, Any] | None = None, draft: Draft = QUESTION, **changes: Any) -> int:
        with open_session() as session:
            ticket = tickets.open_by_hand(
                session, by="imap", subject="Hours", body="When?", from_email="anna@kowalczyk.example",
                identity=("verified", "the server says so"),
            )  # fmt: skip
            for name, value in (mail or {}).items():
                setattr(ticket.mails[0], name, value)
            values = {"confidence": 0.97, "made_by": MADE_BY, **changes}
            plan = values.pop("plan", Plan("", {}, "anna@kowalczyk.example"))
            tickets.propose(session, ticket, draft, **values)
            ticket.plan = plan.as_json()
            return ticket.id

    return put


def through(open_session: OpenSession, desk: Desk) -> None:
    """Until nothing waits for it."""
    while autopilot_next(open_session, desk):
        pass


def opened(open_session: OpenSession, name: str = "general_inquiry", **terms: Any) -> None:
    with open_session() as session:
        found = autopilot.category(session, name)
        found.evidence = TERMS
        autopilot.open_up(session, name, by="mia@club.example")
        if terms:
            autopilot.save_terms(session, **{"error": 0.01, "audit": 0.1, "minutes": 10, **terms})
            found.terms, found.is_open = TERMS, True


def put_alone(open_session: OpenSession, ready: Callable[..., int], **changes: Any) -> int:
    """A ticket that chance does not choose for a person."""
    while True:
        number = ready(**changes)
        if not looks.is_audited(number, 0.1):
            return number


def test_nothing_is_answered_alone_while_no_admin_has_opened_it(
    open_session: OpenSession, desk: Desk, ready: Callable[..., int]
) -> None:
    number = ready()
    assert autopilot_next(open_session, desk)
    assert not autopilot_next(open_session, desk)
    with open_session.reading() as session:
        assert tickets.get(session, number).status == "in_review"
        look = session.query(AutopilotLook).one()
        assert (look.why, look.chosen, look.model, look.features) == ("", "review", "b|a|p|bf16|c", [1.0, 2.0])


def test_what_is_sure_is_signed_by_the_admin_who_opened_and_can_be_taken_back(
    open_session: OpenSession, desk: Desk, ready: Callable[..., int]
) -> None:
    opened(open_session)
    number = put_alone(open_session, ready)
    through(open_session, desk)

    with open_session() as session:
        ticket = tickets.get(session, number)
        assert (ticket.status, ticket.signed_by) == ("approved", "autopilot (opened by mia@club.example)")
        assert 590 < decisions.undo_until(ticket) <= 600
        decisions.withdraw(session, ticket, by="ben", seen=ticket.version)
    with open_session.reading() as session:
        assert tickets.get(session, number).status == "in_review"
        assert session.query(AutopilotLook).filter_by(ticket_id=number).one().chosen == "withdrawn"
    assert not autopilot_next(open_session, desk)  # not signed once more


def test_a_share_goes_to_a_person_all_the_same(
    open_session: OpenSession, desk: Desk, ready: Callable[..., int]
) -> None:
    opened(open_session)
    for _ in range(60):
        ready()
    through(open_session, desk)
    with open_session.reading() as session:
        chosen = [row.chosen for row in session.query(AutopilotLook)]
        assert set(chosen) == {"alone", "audit"}
        assert 1 <= chosen.count("audit") <= 15
        in_review = session.query(Ticket).filter_by(status=Status.IN_REVIEW).count()
        assert in_review == chosen.count("audit")


RESET_PLAN = Plan("reset_password", {}, "anna@kowalczyk.example", on_account=True)
BLOCKED = [
    ({"mail": {"identity": "unverified"}}, "its sender is not verified"),
    ({"mail": {"identity": "contradicts"}}, "its sender is not verified"),
    ({"mail": {"orders": "subject"}}, "it talks to the program"),
    ({"mail": {"attachments": [{"name": "a.pdf"}]}}, "it brings files"),
    ({"needs_human": True}, "it needs a human"),
    ({"plan": RESET_PLAN}, "actions on accounts are a person's"),
    ({"plan": Plan("", {}, "a@b.example", blocked="no")}, "it cannot be signed as it stands"),
    ({"plan": Plan("", {}, "a@b.example", doubt="who?")}, "it cannot be signed as it stands"),
    ({"plan": Plan("", {}, "a@b.example", checks=(Check(None, "look"),))}, "one of its checks did not pass"),
    ({"plan": Plan("", {}, "")}, "it has no reply"),
    ({"plan": Plan("", {}, "victim@x.example")}, "its reply goes to somebody else"),
    ({"draft": QUESTION.with_reply("{booking.start}")}, "its reply waits for an action"),
]


@pytest.mark.parametrize(("changes", "why"), BLOCKED)
def test_what_is_not_beyond_doubt_is_a_persons_however_sure_the_model_is(
    open_session: OpenSession, desk: Desk, ready: Callable[..., int], changes: dict[str, Any], why: str
) -> None:
    opened(open_session)
    number = put_alone(open_session, ready, confidence=1.0, **changes)
    through(open_session, desk)
    with open_session.reading() as session:
        assert tickets.get(session, number).status == "in_review"
        assert session.query(AutopilotLook).filter_by(ticket_id=number).one().why == why


def test_less_than_the_threshold_is_a_persons(open_session: OpenSession, desk: Desk, ready: Callable[..., int]) -> None:
    opened(open_session)
    number = put_alone(open_session, ready, confidence=0.89)
    through(open_session, desk)
    with open_session.reading() as session:
        assert tickets.get(session, number).status == "in_review"


def test_another_model_that_serves_closes_it_and_brings_back_what_can_be(
    open_session: OpenSession, desk: Desk, ready: Callable[..., int]
) -> None:
    opened(open_session)
    first = put_alone(open_session, ready)
    through(open_session, desk)
    with open_session() as session:
        versions.know(session, ADAPTERS, serves="b")
    ready(made_by={**MADE_BY, "adapter": "b"})
    through(open_session, desk)
    with open_session.reading() as session:
        found = session.get_one(AutopilotCategory, "general_inquiry")
        assert (found.is_open, found.words) == (False, "It closed because the model changed.")
        assert tickets.get(session, first).status == "in_review"


def test_another_calibration_of_the_same_model_closes_it(
    open_session: OpenSession, desk: Desk, ready: Callable[..., int]
) -> None:
    opened(open_session)
    ready(made_by={**MADE_BY, "calibration": "fitted anew"})
    through(open_session, desk)
    with open_session.reading() as session:
        found = session.get_one(AutopilotCategory, "general_inquiry")
        assert (found.is_open, found.words) == (False, "It closed because the model changed.")


def test_a_draft_of_a_version_that_does_not_serve_is_a_persons_and_closes_nothing(
    open_session: OpenSession, desk: Desk, ready: Callable[..., int]
) -> None:
    opened(open_session)
    with open_session() as session:
        versions.know(session, ADAPTERS, serves="a")
    number = put_alone(open_session, ready, made_by={**MADE_BY, "adapter": "b"})
    through(open_session, desk)
    with open_session.reading() as session:
        assert session.get_one(AutopilotCategory, "general_inquiry").is_open
        assert tickets.get(session, number).status == "in_review"
        assert session.query(AutopilotLook).one().why == "another version wrote it"


def test_what_a_person_took_back_is_not_signed_alone_after_another_draft(
    open_session: OpenSession, desk: Desk, ready: Callable[..., int]
) -> None:
    opened(open_session)
    number = put_alone(open_session, ready)
    through(open_session, desk)
    with open_session() as session:
        ticket = tickets.get(session, number)
        decisions.withdraw(session, ticket, by="ben", seen=ticket.version)
        decisions.redraft(session, ticket, by="ben", seen=ticket.version)
        tickets.propose(session, ticket, QUESTION, confidence=0.99, made_by=MADE_BY)
    through(open_session, desk)
    with open_session.reading() as session:
        assert tickets.get(session, number).status == "in_review"
        first, second = session.query(AutopilotLook).order_by(AutopilotLook.id)
        assert (first.right, second.why) == (False, "a person has it in hand")


def test_a_draft_that_a_person_wants_anew_was_wrong(
    open_session: OpenSession, desk: Desk, ready: Callable[..., int]
) -> None:
    number = ready()
    through(open_session, desk)
    with open_session() as session:
        ticket = tickets.get(session, number)
        decisions.redraft(session, ticket, by="ben", seen=ticket.version)
        tickets.propose(session, ticket, replace(QUESTION, category="other"), confidence=0.9, made_by=MADE_BY)
    answered(open_session, number, replace(QUESTION, category="other"))
    with open_session.reading() as session:
        assert [one.right for one in session.query(AutopilotLook)] == [False]


def test_an_answer_that_is_taken_up_again_was_wrong_and_enough_of_them_close_it(
    open_session: OpenSession, desk: Desk, ready: Callable[..., int]
) -> None:
    opened(open_session)
    for _ in range(2):
        number = put_alone(open_session, ready)
        through(open_session, desk)
        answered(open_session, number)
        with open_session() as session:
            ticket = tickets.get(session, number)
            decisions.reopen(session, ticket, by="ben", seen=ticket.version)
    through(open_session, desk)
    with open_session.reading() as session:
        found = session.get_one(AutopilotCategory, "general_inquiry")
        assert (found.is_open, found.evidence.get("threshold"), found.evidence.get("cases")) == (False, None, 0)
        assert "answers that went alone were found wrong" in found.words
        assert "reported" in {one.chosen for one in session.query(AutopilotLook)}


def test_another_action_or_another_recipient_is_another_answer(
    open_session: OpenSession, desk: Desk, ready: Callable[..., int]
) -> None:
    for carried in ({"cc": "x@y.example"}, {"files": [{"name": "a"}]}):
        number = ready()
        through(open_session, desk)
        with open_session() as session:
            ticket = tickets.get(session, number)
            decisions.approve(
                session, ticket, QUESTION, action=None, reply_to="a@b.example", by="ben", seen=ticket.version, undo_seconds=0,
                carried=carried,
            )  # fmt: skip
        answered(open_session, number)
    with open_session.reading() as session:
        assert [one.right for one in session.query(AutopilotLook)] == [False, False]


def test_a_person_whose_address_begins_like_it_is_a_person(
    open_session: OpenSession, desk: Desk, ready: Callable[..., int]
) -> None:
    number = ready()
    through(open_session, desk)
    with open_session() as session:
        ticket = tickets.get(session, number)
        decisions.approve(
            session, ticket, QUESTION, action=None, reply_to="a@b.example", by="autopilot@club.example", seen=ticket.version,
            undo_seconds=600,
        )  # fmt: skip
        assert autopilot.switch(session, is_on=False, by="mia") == 0
    answered(open_session, number)
    with open_session.reading() as session:
        assert session.query(AutopilotLook).one().right is True
        assert session.query(Lesson).count() == 1


def test_evidence_for_other_terms_opens_nothing(open_session: OpenSession) -> None:
    with open_session() as session:
        autopilot.category(session, "general_inquiry").evidence = TERMS
        autopilot.save_terms(session, error=0.005, audit=0.1, minutes=10)
        with pytest.raises(CannotOpen):
            autopilot.open_up(session, "general_inquiry", by="mia")


def test_the_one_switch_stops_everything(open_session: OpenSession, desk: Desk, ready: Callable[..., int]) -> None:
    opened(open_session)
    first = put_alone(open_session, ready)
    through(open_session, desk)
    with open_session() as session:
        assert autopilot.switch(session, is_on=False, by="mia") >= 1
    second = put_alone(open_session, ready)
    through(open_session, desk)
    with open_session.reading() as session:
        assert {tickets.get(session, one).status for one in (first, second)} == {"in_review"}


def answered(open_session: OpenSession, number: int, answer: Draft | None = None) -> None:
    """Carried out; `answer`: a person signs it first."""
    with open_session() as session:
        ticket = tickets.get(session, number)
        if answer is not None:
            decisions.approve(
                session, ticket, answer, action=None, reply_to="a@b.example", by="ben", seen=ticket.version, undo_seconds=0
            )  # fmt: skip
        for status in (Status.ACTED, Status.REPLIED):
            tickets.move(session, ticket, status, actor=PROGRAM, seen=ticket.version)


def test_wrong_answers_among_those_looked_at_close_it(
    open_session: OpenSession, desk: Desk, ready: Callable[..., int]
) -> None:
    opened(open_session, audit=1.0)
    for _ in range(6):
        number = ready()
        through(open_session, desk)
        answered(open_session, number, QUESTION.with_reply("Something else entirely."))
    autopilot_next(open_session, desk)
    with open_session.reading() as session:
        found = session.get_one(AutopilotCategory, "general_inquiry")
        assert not found.is_open
        assert found.words.startswith("It closed by itself: ")


def test_nothing_is_learnt_from_what_nobody_looked_at(
    open_session: OpenSession, desk: Desk, ready: Callable[..., int]
) -> None:
    opened(open_session)
    alone, by_hand = put_alone(open_session, ready), put_alone(open_session, ready, confidence=0.5)
    through(open_session, desk)
    answered(open_session, alone)
    answered(open_session, by_hand, QUESTION)
    with open_session.reading() as session:
        assert [row.ticket_id for row in session.query(Lesson)] == [by_hand]
        rights = {row.ticket_id: row.right for row in session.query(AutopilotLook)}
        assert (rights[alone], rights[by_hand]) == (None, True)
        assert lessons.counts(session)["waiting"] == 1


def test_the_evidence_is_worked_out_from_decisions_and_opens_when_it_suffices(
    open_session: OpenSession, desk: Desk, ready: Callable[..., int]
) -> None:
    number = ready()
    with open_session() as session:
        for _ in range(1300):
            session.add(
                AutopilotLook(
                    ticket_id=number, category="general_inquiry", model="b|a|p|bf16|c", confidence=0.97,
                    features=[1.0, 2.0], right=True, decided_at=datetime(2026, 5, 1, tzinfo=UTC),
                )
            )  # fmt: skip
    through(open_session, desk)
    with open_session() as session:
        with pytest.raises(CannotOpen):
            autopilot.open_up(session, "create_booking", by="mia")
        found = autopilot.category(session, "general_inquiry")
        assert (found.evidence["cases"], found.evidence["wrong"], found.evidence["needed"]) == (1300, 0, 0)
        autopilot.open_up(session, "general_inquiry", by="mia")
        assert found.terms["threshold"] == found.evidence["threshold"]


@pytest.mark.parametrize("changes", [{"error": 0.5}, {"error": 0.0}, {"audit": 0.01}, {"minutes": 0}])
def test_terms_that_make_no_sense_are_refused(open_session: OpenSession, changes: dict[str, Any]) -> None:
    with pytest.raises(CannotOpen), open_session() as session:
        autopilot.save_terms(session, **{"error": 0.01, "audit": 0.1, "minutes": 10, **changes})


def test_a_promise_of_the_autopilot_waits_for_its_window(
    open_session: OpenSession, desk: Desk, ready: Callable[..., int]
) -> None:
    opened(open_session)
    put_alone(open_session, ready)
    through(open_session, desk)
    with open_session() as session:
        assert outbox.claim(session, "reply") is None
        assert session.query(Mail).filter_by(outgoing=True).count() == 0
