"""Another version beside the serving one: who drafts what, how both did, and when the worse one is stopped."""

from dataclasses import replace

import pytest
from builders import QUESTION

from db import decisions, promotions, tickets, trials, versions
from db.drafts import Draft
from db.lifecycle import PROGRAM, Status
from db.models import Retraining, Ticket, Trial, TrialDraft
from db.session import OpenSession
from db.trials import CannotTry


@pytest.fixture
def two(open_session: OpenSession) -> OpenSession:
    with open_session() as session:
        versions.know(session, {"old": "/old", "new": "/new"}, serves="old")
    return open_session


def drafted(open_session: OpenSession, draft: Draft = QUESTION) -> int:
    with open_session() as session:
        ticket = tickets.open_by_hand(session, by="mia", subject="Hours", body="When?", from_email="a@b.example")
        trials.note(session, ticket, draft, version=trials.version_for(session, ticket) or "old", seconds=1.5)
        tickets.propose(session, ticket, draft)
        return ticket.id


def answered(open_session: OpenSession, ticket_id: int, answer: Draft) -> None:
    with open_session() as session:
        ticket = tickets.get(session, ticket_id)
        decisions.approve(
            session, ticket, answer, action=None, reply_to="a@b.example", by="mia", seen=ticket.version, undo_seconds=0
        )
        for status in (Status.ACTED, Status.REPLIED):
            tickets.move(session, ticket, status, actor=PROGRAM, seen=ticket.version)


def begin(open_session: OpenSession, kind: str = "split", share: float = 0.5) -> int:
    with open_session() as session:
        return trials.begin(session, kind=kind, version="new", share=share, by="mia").id


def test_a_share_of_the_tickets_goes_to_the_other_version_and_stays_with_it(two: OpenSession) -> None:
    begin(two, share=0.3)
    ids = [drafted(two) for _ in range(60)]

    with two.reading() as session:
        chosen = [trials.version_for(session, tickets.get(session, one)) for one in ids]
        again = [trials.version_for(session, tickets.get(session, one)) for one in ids]
    assert chosen == again
    assert set(chosen) == {"", "new"}
    assert 8 <= chosen.count("new") <= 28


def test_what_a_person_wants_is_no_part_of_it(two: OpenSession) -> None:
    begin(two, share=0.5)
    with two() as session:
        ticket = tickets.open_by_hand(session, by="mia", subject="Hours", body="When?", from_email="a@b.example")
        ticket.wanted_model = "old"
        assert trials.version_for(session, ticket) == "old"
        trials.note(session, ticket, QUESTION, version="old", seconds=1.0)
        assert session.query(TrialDraft).count() == 0


def test_both_are_counted_by_what_was_signed(two: OpenSession) -> None:
    trial = begin(two)
    for number in range(12):
        answer = QUESTION if number % 3 else QUESTION.with_reply("Hi Anna,\n\nwe open at eight.")
        answered(two, drafted(two), answer)

    with two.reading() as session:
        both = trials.arms(session, session.get_one(Trial, trial))
        assert [arm.version for arm in both] == ["old", "new"]
        assert sum(arm.decided for arm in both) == 12
        assert sum(arm.unchanged for arm in both) == 8
        assert sum(arm.fits for arm in both) == 12
        assert all(row.draft == {} for row in session.query(TrialDraft))


def test_a_bad_version_is_stopped_by_itself_and_its_share_goes_back(two: OpenSession) -> None:
    trial = begin(two, share=0.5)
    for _ in range(60):
        ticket_id = drafted(two)
        with two.reading() as session:
            row = session.query(TrialDraft).filter_by(ticket_id=ticket_id).one_or_none()
            is_bad = row is not None and row.version == "new"
        answered(two, ticket_id, replace(QUESTION, username="somebody") if is_bad else QUESTION)

    with two.reading() as session:
        found = session.get_one(Trial, trial)
        assert found.state == "ended"
        assert found.words.startswith("It stopped by itself: of ")
        assert trials.version_for(session, tickets.get(session, 1)) == ""


def test_an_equally_bad_version_goes_on(two: OpenSession) -> None:
    trial = begin(two, share=0.5)
    for _ in range(60):
        answered(two, drafted(two), replace(QUESTION, username="somebody"))

    with two.reading() as session:
        assert session.get_one(Trial, trial).state == "running"


def test_a_silent_version_is_judged_by_facts_alone(two: OpenSession) -> None:
    trial = begin(two, kind="shadow")
    for number in range(12):
        ticket_id = drafted(two)
        with two() as session:
            found, those = trials.waiting_for_shadow(session, 8)
            assert found is not None
            assert [one.id for one in those] == [ticket_id]
            silent = replace(QUESTION, category="other") if number < 9 else QUESTION.with_reply("Other words.")
            trials.keep(session, found, those[0], "new", silent, seconds=1.0, silent=True)
            assert trials.waiting_for_shadow(session, 8)[1] == []
        answered(two, ticket_id, QUESTION)
        with two.reading() as session:
            if session.get_one(Trial, trial).state == "ended":
                break

    with two.reading() as session:
        found = session.get_one(Trial, trial)
        assert (found.state, "that only one of both had right" in found.words) == ("ended", True)
        assert session.get_one(Ticket, ticket_id).draft == QUESTION.as_json()


def test_what_was_dismissed_proves_nothing(two: OpenSession) -> None:
    trial = begin(two)
    ticket_id = drafted(two)
    with two() as session:
        ticket = tickets.get(session, ticket_id)
        decisions.dismiss(session, ticket, by="mia", seen=ticket.version)

    with two.reading() as session:
        assert sum(arm.decided for arm in trials.arms(session, session.get_one(Trial, trial))) == 0
        assert session.query(TrialDraft).one().draft == {}


def test_one_trial_at_a_time_of_another_version_that_passed_the_gate(two: OpenSession) -> None:
    with two() as session:
        session.add(Retraining(asked_by="mia", version="new", state="done", report={}, words="It may not serve."))
    for stated in ({"version": "old"}, {"share": 0.9}, {"kind": "x"}, {"version": "new"}):
        with pytest.raises(CannotTry), two() as session:
            trials.begin(session, **{"kind": "split", "version": "new", "share": 0.5, "by": "mia", **stated})  # type: ignore[arg-type]
    begin(two, kind="shadow")
    with pytest.raises(CannotTry, match="runs already"):
        begin(two, kind="shadow")


def test_a_trial_ends_when_another_version_serves(two: OpenSession) -> None:
    trial = begin(two)
    drafted(two)
    with two() as session:
        promotions.promote(session, "new")

    with two.reading() as session:
        assert session.get_one(Trial, trial).state == "ended"
        assert session.query(TrialDraft).count() == 0


def test_a_ticket_that_comes_again_is_counted_once_and_holds_up_nobody(two: OpenSession) -> None:
    begin(two)
    ticket_id = drafted(two)
    with two() as session:
        ticket = tickets.get(session, ticket_id)
        decisions.dismiss(session, ticket, by="mia", seen=ticket.version)
        tickets.move(session, ticket, Status.RECEIVED, actor=PROGRAM, seen=ticket.version)
        trials.note(session, ticket, QUESTION, version="old", seconds=1.0)
        tickets.propose(session, ticket, QUESTION)
    with two.reading() as session:
        assert session.query(TrialDraft).count() == 1


def test_a_version_whose_drafts_people_want_anew_is_stopped(two: OpenSession) -> None:
    trial = begin(two, share=0.5)
    for _ in range(60):
        ticket_id = drafted(two)
        with two() as session:
            ticket = tickets.get(session, ticket_id)
            row = session.query(TrialDraft).filter_by(ticket_id=ticket_id).one_or_none()
            if row is not None and row.version == "new":
                decisions.redraft(session, ticket, by="mia", seen=ticket.version, model="old")
    with two.reading() as session:
        assert session.get_one(Trial, trial).state == "ended"


def test_a_draft_of_a_third_version_is_no_part_of_it(two: OpenSession) -> None:
    begin(two)
    with two() as session:
        ticket = tickets.open_by_hand(session, by="mia", subject="Hours", body="When?", from_email="a@b.example")
        trials.note(session, ticket, QUESTION, version="base model", seconds=1.0)
        assert session.query(TrialDraft).count() == 0
