"""The playground shows what a draft is made of, and touches nothing."""

from collections.abc import Iterator, Sequence

import pytest
from builders import QUESTION

from ai.drafting import ModelDown
from ai.library import Library
from ai.parsing import write_draft
from ai.playground import Playground
from ai.written import Decided, News, Question, Undrafted, Written
from db import versions
from db.desk import Desk
from db.models import Ticket
from db.plans import NoAnswer
from db.playground import Play
from db.session import OpenSession
from db.versions import NoSuchVersion


class Model:
    def __init__(self, last: News | Exception) -> None:
        self.last, self.asked = last, list[Question]()

    def draft(self, asked: Sequence[Question]) -> Iterator[tuple[int, News]]:
        self.asked += asked
        yield 0, Decided({"other": 1.0}, "other", 0.1)
        if isinstance(self.last, Exception):
            raise self.last
        yield 0, self.last


WRITTEN = Written(
    write_draft(QUESTION), {"general_inquiry": 0.9, "other": 0.1}, 1.0, prompt="the prompt", tokens=[("we", 0.5)],
    made_by={"adapter": "v2"},
)  # fmt: skip


def played(open_session: OpenSession, desk: Desk, last: News | Exception, play: Play) -> tuple[object, Model]:
    with open_session() as session:
        versions.know(session, {"v1": "/one", "v2": "/two"}, serves="v1")
    model = Model(last)
    return Playground(open_session, desk, model, Library(open_session)).play(play), model


def test_every_setting_reaches_the_model(open_session: OpenSession, desk: Desk) -> None:
    play = Play("When do you open?", "Hours", "Anna", "v2", 0.7, 5, with_passages=True)
    found, model = played(open_session, desk, WRITTEN, play)
    asked = model.asked[0]
    assert (asked.adapter, asked.temperature, asked.seed, asked.explain, asked.passages) == ("/two", 0.7, 5, True, ())
    assert (found.prompt, found.tokens, found.model) == ("the prompt", [("we", 0.5)], "v2")  # type: ignore[attr-defined]
    assert found.reasons[0] == "no page answers this"  # type: ignore[attr-defined]
    with open_session.reading() as session:
        assert session.query(Ticket).count() == 0


def test_what_goes_wrong_is_said(open_session: OpenSession, desk: Desk) -> None:
    for last in (Undrafted("no tokens"), ModelDown("gone")):
        with pytest.raises(NoAnswer):
            played(open_session, desk, last, Play("Hello"))
    with pytest.raises(NoSuchVersion):
        played(open_session, desk, WRITTEN, Play("Hello", version="v9"))
    found, _ = played(open_session, desk, Written("rubbish", {}, 1.0), Play("Hello"))
    assert found.problem.startswith("The draft cannot be used")  # type: ignore[attr-defined]
