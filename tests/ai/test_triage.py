"""Drafts without a ticket: together where they come together, each to its own caller, refused when too much waits."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from builders import QUESTION, RESET
from fakes import FakeModel

from ai.drafting import ModelDown
from ai.parsing import write_draft
from ai.triage import MOST_WAITING, Triage
from ai.written import Decided, Written
from db.desk import Desk
from db.drafts import LEFT_OUT, Draft
from db.plans import NoAnswer
from db.session import OpenSession
from db.triage import Busy, MailIn


def mail(number: int = 0) -> MailIn:
    return MailIn(f"Subject {number}", "I am anna42 and forgot my password", "a@b.example", "Anna", datetime.now(UTC))


def test_a_draft_with_what_stands_behind_it(open_session: OpenSession, desk: Desk) -> None:
    found = Triage(open_session, desk, FakeModel([RESET])).triage(mail())

    assert found.draft.category == "reset_password"
    assert found.categories[0] == ("reset_password", 0.98)
    assert 0 < found.confidence <= 1
    assert set(found.timings_ms) == {"waited", "category", "total"}


@pytest.mark.parametrize(
    ("category", "words"),
    [("reset_password", "with the user name of your account"), ("create_account", "that you would like to have")],
)
def test_without_a_club_a_reply_reports_nothing_that_a_missing_user_name_forbids(
    open_session: OpenSession, desk: Desk, category: str, words: str
) -> None:
    found = Triage(open_session, desk, FakeModel([Draft(category, "", {}, RESET.reply)])).triage(mail())

    assert found.draft.reply.startswith("Hi Anna,\n\nwe will gladly")
    assert words in found.draft.reply
    assert LEFT_OUT in found.reasons


def test_each_caller_gets_their_own(open_session: OpenSession, desk: Desk) -> None:
    class Echo:
        batches: list[int] = []  # noqa: RUF012

        def draft(self, asked):  # type: ignore[no-untyped-def]
            self.batches.append(len(asked))
            for place, one in enumerate(asked):
                text = write_draft(Draft("other", "", {}, one.mail.subject))
                yield place, Decided({"other": 1.0}, "other", 0.1)
                yield place, Written(text, {"other": 1.0}, 1.0)

    model = Echo()
    triage = Triage(open_session, desk, model)
    with ThreadPoolExecutor(24) as pool:
        found = list(pool.map(lambda number: triage.triage(mail(number)).draft.reply, range(48)))

    assert found == [f"Subject {number}" for number in range(48)]
    assert len(model.batches) < 48  # what came together was drafted together


def test_a_model_that_is_down_answers_everybody_and_comes_back(open_session: OpenSession, desk: Desk) -> None:
    model = FakeModel([ModelDown("It is away."), QUESTION])
    triage = Triage(open_session, desk, model)

    with pytest.raises(NoAnswer, match="It is away"):
        triage.triage(mail())
    assert triage.triage(mail()).draft.category == "general_inquiry"


def test_what_is_no_draft_is_said(open_session: OpenSession, desk: Desk) -> None:
    with pytest.raises(NoAnswer, match="cannot be used"):
        Triage(open_session, desk, FakeModel(["no json"])).triage(mail())


def test_too_much_is_refused_and_not_piled_up(open_session: OpenSession, desk: Desk) -> None:
    go = threading.Event()

    class Slow:
        def draft(self, asked):  # type: ignore[no-untyped-def]
            go.wait(30)
            raise ModelDown("enough")
            yield

    triage = Triage(open_session, desk, Slow())
    refused = 0
    with ThreadPoolExecutor(MOST_WAITING + 40) as pool:
        calls = [pool.submit(triage.triage, mail()) for _ in range(MOST_WAITING + 40)]
        while not any(one.done() for one in calls):
            pass
        go.set()
        for one in calls:
            problem = one.exception()
            refused += isinstance(problem, Busy)
            assert isinstance(problem, (Busy, NoAnswer))

    assert 1 <= refused <= 40
