"""A customer is forgotten: their words are nowhere in the database, its file, or the next training set; others' stay."""

from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from db import customers, decisions, erasure, knowledge, lessons, notes, outbox, passages, retrainings, tickets, trail
from db.drafts import Draft
from db.erasure import CannotForget
from db.lifecycle import PROGRAM, Status
from db.mails import keep_attachments
from db.models import Attachment, Edit, Lesson, Mail, Page, Person, Promise, Retraining, Ticket
from db.plans import Plan
from db.session import OpenSession

SECRET = "Xylographus"  # in every place where a customer's words may stand
OWN, OTHER = "zsofia.xylographus@mail.example", "bob@hale.example"
KEY = b"key"


def put(open_session: OpenSession, email: str, word: str, *, number: int) -> None:
    with open_session() as session:
        keep_attachments(session, {f"{number:064}": f"picture of {word}".encode(), "f" * 64: b"both carry this"})
        ticket = Ticket(
            status=Status.IN_REVIEW,
            subject=f"About {word}",
            from_name=word,
            from_email=email,
            snippet=word,
            username=word,
            reasons=[word],
        )
        ticket.draft = dict(Draft("other", word, {"full_name": word}, f"Dear {word}").as_json())
        ticket.made_by, ticket.plan = (
            {"adapter": "tennis-4", "words": {"username": word}},
            Plan("", {}, email, note=word).as_json(),
        )
        session.add(ticket)
        session.flush()
        files = [
            {"name": f"{word}.png", "type": "image/png", "size": 1, "sha256": one, "cid": ""}
            for one in (f"{number:064}", "f" * 64)
        ]
        session.add(
            Mail(
                ticket_id=ticket.id, raw=f"From: {email} {word}".encode(), read=True, dedupe_key=f"{number:064}", text=f"I am {word}", said=word,
                older=word, html=f"<p>{word}</p>", subject=word, from_name=word, from_email=email, to=[word], message_id=f"{word}@x", attachments=files,
            )
        )  # fmt: skip
        notes.add(session, ticket, f"{word} rang.", by="mia@westpark.example")
        trail.write(session, ticket, "mail", actor=email, note=f"from {word}")
        customers.write_down(session, email, name=word, about=f"{word} likes court 3")
        ticket.lesson = {"why": "tone", "learn": True}
        answer = Draft("other", word, {}, f"Hello {word}")
        decisions.approve(
            session, ticket, answer, action=None, reply_to=email, by="mia", seen=ticket.version, undo_seconds=0
        )


def leave(open_session: OpenSession, ticket_id: int) -> None:
    with open_session() as session:
        ticket = tickets.get(session, ticket_id)
        for status in (Status.ACTED, Status.REPLIED):
            tickets.move(session, ticket, status, actor=PROGRAM, seen=ticket.version)


@pytest.fixture
def desk(open_session: OpenSession) -> OpenSession:
    """Two customers, each with an answered ticket that became a lesson; a model that learnt from both."""
    with open_session() as session:
        session.add(Person(id=1, email="mia@westpark.example", password_hash="x"))
    put(open_session, OTHER, "Bobsleigh", number=1)
    put(open_session, OWN, SECRET, number=2)
    for number in (1, 2):
        leave(open_session, number)
    with open_session() as session:
        apart = [{"id": f"lesson-{one.id}", "body": one.mail.text} for one in session.query(Lesson)]
        session.add(
            Retraining(
                asked_by="mia", state="done", start="shipped", version="new", last_lesson=2, report={"apart": apart}
            )
        )
        for number, word in ((1, "Bobsleigh"), (2, SECRET)):
            page = Page(
                name=f"answer-{number}", kind="answer", title=word, text=f"Hello {word}", version=0, ticket_id=number
            )
            session.add(page)
            knowledge.keep_version(session, page, by="mia")
            passages.cut_into(session, page, [("", page.text, ())])
    while trail.seal_next(open_session, KEY):
        pass
    return open_session


def forget(open_session: OpenSession, email: str = OWN) -> erasure.Forgotten:
    with open_session() as session:
        done = erasure.forget(session, customers.of(session, email), by="mia")
    erasure.scrub(open_session)
    return done


def everything(open_session: OpenSession) -> str:
    """Every value of every table, as text."""
    said = []
    with open_session.engine.connect() as connection:
        for table in inspect(open_session.engine).get_table_names():
            said += [repr(tuple(row)) for row in connection.execute(text(f'SELECT * FROM "{table}"'))]
    return "\n".join(said).lower()


def test_their_words_are_nowhere_and_others_stay(desk: OpenSession, tmp_path: Path) -> None:
    assert SECRET.lower() in everything(desk)

    done = forget(desk)

    assert (done.tickets, done.mails, done.lessons, done.versions) == (1, 1, 1, ["new"])
    left = everything(desk)
    assert SECRET.lower() not in left
    assert "zsofia" not in left
    assert "bobsleigh" in left
    assert "hale.example" in left
    with desk.reading() as session:
        assert [row["id"] for row in lessons.rows(session)] == ["lesson-1"]
        assert {one.sha256 for one in session.query(Attachment)} == {
            f"{1:064}",
            "f" * 64,
        }  # one that both carried stays
        assert tickets.page(session, words=SECRET) == []
        assert tickets.page(session, words="Bobsleigh")
    desk.engine.dispose()
    if desk.engine.dialect.name == "sqlite":
        for path in tmp_path.rglob("*"):
            if path.is_file():
                assert SECRET.encode().lower() not in path.read_bytes().lower(), path


def test_a_training_without_them_is_ordered_from_before(desk: OpenSession) -> None:
    forget(desk)

    with desk.reading() as session:
        ordered = retrainings.newest(session)[0]
        assert (ordered.state, ordered.start) == ("queued", "shipped")
        assert [one["id"] for one in retrainings.get(session, 1).report["apart"]] == ["lesson-1"]


def test_one_that_is_under_way_is_stopped(desk: OpenSession) -> None:
    with desk() as session:
        session.add(Retraining(asked_by="mia", state="training"))
        session.add(Retraining(asked_by="mia", state="paused"))

    forget(desk)

    with desk.reading() as session:
        assert (retrainings.get(session, 2).wanted, retrainings.get(session, 3).state) == ("cancel", "cancelled")


def test_the_trail_holds_and_says_that_it_happened(desk: OpenSession) -> None:
    forget(desk)
    while trail.seal_next(desk, KEY):
        pass

    with desk.reading() as session:
        assert list(trail.faults(session, KEY)) == []
        assert [event.what for event in tickets.get(session, 2).events][-1] == "forgotten"
        assert tickets.get(session, 2).status == "replied"


def test_the_same_mail_is_recognised_when_a_mailbox_is_read_anew(desk: OpenSession) -> None:
    forget(desk)

    with desk.reading() as session:
        mail = session.query(Mail).where(Mail.dedupe_key == f"{2:064}").one()
        assert (mail.kind, mail.text, mail.read) == ("forgotten", "", True)


def test_what_is_open_is_closed_and_what_waits_does_not_leave(desk: OpenSession) -> None:
    put(desk, OWN, SECRET, number=3)
    with desk() as session:
        ticket = tickets.get(session, 3)
        decisions.withdraw(session, ticket, by="mia", seen=ticket.version)

    forget(desk)

    with desk.reading() as session:
        assert tickets.get(session, 3).status == "dismissed"
        assert {row.state for row in session.query(Promise).where(Promise.ticket_id == 3)} == {"withdrawn"}
    assert SECRET.lower() not in everything(desk)


def test_a_file_that_another_reply_carries_stays_and_one_of_their_edits_goes(desk: OpenSession) -> None:
    both, own = "a" * 64, "b" * 64
    with desk() as session:
        keep_attachments(session, {both: b"price list", own: b"a draft for them"})
        for number, digests in ((1, (both,)), (2, (both, own))):
            files = [{"name": "x", "type": "x", "size": 1, "sha256": one} for one in digests]
            session.add(Edit(ticket_id=number, person_id=1, version=1, answer={}, files=files))

    forget(desk)

    with desk.reading() as session:
        assert {one.sha256 for one in session.query(Attachment)} == {f"{1:064}", "f" * 64, both}


@pytest.mark.parametrize("kind", ["letter", "code", "reply"])
def test_what_leaves_just_now_is_waited_for(desk: OpenSession, kind: str) -> None:
    with desk() as session:
        outbox.promise(session, tickets.get(session, 2), kind, {"to": OWN}, key="x").state = "running"

    with desk() as session, pytest.raises(CannotForget, match="Ticket 2"):
        erasure.forget(session, customers.of(session, OWN), by="mia")


def test_what_is_being_carried_out_is_finished_first(desk: OpenSession) -> None:
    put(desk, OWN, SECRET, number=3)

    with desk() as session, pytest.raises(CannotForget, match="Ticket 3 is being carried out"):
        erasure.forget(session, customers.of(session, OWN), by="mia")

    with desk.reading() as session:
        assert tickets.get(session, 2).from_name == SECRET  # nothing was erased
