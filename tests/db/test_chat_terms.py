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
        return chat_terms.evidence(session, KIND, chat_terms.terms(session)).missing


def look(open_session: OpenSession) -> frozenset[str]:
    chat_terms.close_what_no_longer_holds(open_session)
    return granted(open_session)


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
        {"model": "chat"},  # taught about a conversation
        {"model": "tennis-9"},  # a version on trial
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


def test_it_closes_for_good_when_more_is_changed_than_the_desk_accepts(serving: OpenSession) -> None:
    decide(serving, 280)
    open_it(serving)
    assert look(serving) == {KIND}

    decide(serving, 8, answer=CHANGED)  # in a row, whatever went well before

    assert look(serving) == frozenset()
    decide(serving, 30)
    assert look(serving) == frozenset()  # no quiet days open it again
    with pytest.raises(NotProven):
        open_it(serving)
    decide(serving, 60)
    open_it(serving)
    assert look(serving) == {KIND}


def test_a_few_changes_close_nothing(serving: OpenSession) -> None:
    decide(serving, 80)
    open_it(serving)
    for _ in range(5):
        decide(serving, 9)
        decide(serving, 1, answer=CHANGED)
    assert look(serving) == {KIND}


def test_a_server_that_changes_its_model_is_another_version(open_session: OpenSession) -> None:
    decide(open_session, 80, model="llama-on-the-rack")
    open_it(open_session)
    assert look(open_session) == {KIND}

    decide(open_session, 1, model="another-on-the-rack")

    assert look(open_session) == frozenset()


def test_what_the_base_alone_wrote_proves_nothing_of_an_adapter(open_session: OpenSession) -> None:
    with open_session() as session:
        versions.know(session, {versions.BASE_ALONE: "", "tennis-9": "b"}, serves="tennis-9")
    before = missing(open_session)
    decide(open_session, 80, model=versions.BASE_ALONE)
    assert missing(open_session) == before


def test_more_categories_take_more_evidence(serving: OpenSession) -> None:
    decide(serving, missing(serving))
    with serving() as session, pytest.raises(NotProven):
        chat_terms.open_up(session, KIND, by="admin", tests=5)
    open_it(serving)


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
