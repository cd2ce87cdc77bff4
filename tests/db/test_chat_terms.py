"""What the chat may answer is opened on evidence, for one version, and closes when that no longer holds."""

import pytest

from db import chat_terms, promotions, versions
from db.chat_terms import NotProven
from db.models import Lesson, Mail, Ticket
from db.session import OpenSession

KIND = "general_inquiry"
DRAFT = {"category": KIND, "username": "", "details": {}, "reply": "We open at 7."}
CHANGED = {**DRAFT, "reply": "We open at 8."}


@pytest.fixture
def serving(open_session: OpenSession) -> OpenSession:
    with open_session() as session:
        versions.know(session, {"tennis-8": "a", "tennis-9": "b"}, serves="tennis-8")
    return open_session


def decide(open_session: OpenSession, count: int, **more: object) -> None:
    """So many drafts from a page, which people signed as they stood."""
    stated = {"answer": DRAFT, "kind": "signed", "by": "mia", "model": "tennis-8", "passages": ["Open from 7."], **more}
    with open_session() as session:
        for _ in range(count):
            ticket = Ticket(subject="Hours", category=KIND)
            session.add(ticket)
            session.flush()
            mail = Mail(ticket_id=ticket.id, raw=b"", read=True, dedupe_key=f"k{ticket.id}", text="When do you open?")
            session.add(mail)
            session.flush()
            session.add(Lesson(ticket_id=ticket.id, mail_id=mail.id, draft=DRAFT, **stated))


def open_it(open_session: OpenSession) -> None:
    with open_session() as session:
        chat_terms.open_up(session, KIND, by="admin")


def granted(open_session: OpenSession) -> frozenset[str]:
    with open_session.reading() as session:
        return chat_terms.granted(session).categories


def missing(open_session: OpenSession) -> int:
    with open_session.reading() as session:
        return chat_terms.evidence(session, KIND, chat_terms.terms(session).error).missing


def test_without_evidence_nobody_opens_it(serving: OpenSession) -> None:
    needed = missing(serving)
    assert 30 < needed < 60
    with pytest.raises(NotProven, match=f"At least {needed} more"):
        open_it(serving)

    decide(serving, needed - 1)

    assert missing(serving) == 1
    with pytest.raises(NotProven, match="At least 1 more"):
        open_it(serving)
    decide(serving, 1)
    open_it(serving)
    assert granted(serving) == {KIND}


@pytest.mark.parametrize(
    "proves_nothing",
    [
        {"passages": []},  # no page spoke
        {"by": "autopilot (opened by jana)"},  # no person judged it
    ],
)
def test_what_proves_nothing(serving: OpenSession, proves_nothing: dict[str, object]) -> None:
    before = missing(serving)
    decide(serving, 5, **proves_nothing)
    assert missing(serving) == before


def test_a_change_and_a_dismissal_cost_more_decisions(serving: OpenSession) -> None:
    decide(serving, 20)
    before = missing(serving)
    decide(serving, 1, answer=CHANGED)
    changed = missing(serving)
    decide(serving, 1, kind="dismissed", answer=None)

    assert before < changed < missing(serving)


def test_another_version_proves_for_itself(serving: OpenSession) -> None:
    decide(serving, 80)
    open_it(serving)
    with serving() as session:
        promotions.promote(session, "tennis-9")

    assert granted(serving) == frozenset()
    with pytest.raises(NotProven):
        open_it(serving)
    with serving() as session:
        promotions.promote(session, "tennis-8")
    assert granted(serving) == frozenset()  # the way back is no signature
    open_it(serving)
    assert granted(serving) == {KIND}


def test_it_closes_when_more_is_changed_than_the_desk_accepts(serving: OpenSession) -> None:
    decide(serving, 50)
    open_it(serving)

    decide(serving, 30, answer=CHANGED)

    assert granted(serving) == frozenset()


def test_an_admin_closes_it_and_other_terms_close_it(serving: OpenSession) -> None:
    decide(serving, 80)
    open_it(serving)
    with serving() as session:
        chat_terms.close(session, KIND)
    assert granted(serving) == frozenset()

    open_it(serving)
    with serving() as session:
        chat_terms.save_terms(session, least=0.9, error=0.1)
    assert granted(serving) == {KIND}
    with serving() as session:
        chat_terms.save_terms(session, least=0.9, error=0.05)
    assert granted(serving) == frozenset()
    with serving() as session, pytest.raises(NotProven, match="1 to 20 percent"):
        chat_terms.save_terms(session, least=0.9, error=0.5)


def test_a_switch_of_an_older_release_opens_nothing(serving: OpenSession) -> None:
    with serving() as session:
        chat_terms.desk_settings.store(session, "chat", {"is_on": True, "least": 0.7, "by": "jana"})

    with serving.reading() as session:
        assert chat_terms.terms(session).least == 0.7
    assert granted(serving) == frozenset()
