"""Full disks, locked files, clocks that jump, servers that talk rubbish: each ends in a clear state, and loses nothing."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from builders import QUESTION, RESET, raw_mail, read_verified, taken_in
from fakes import ANNA, FakeClub, FakeMailbox, FakePreCheck
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pages import HX, PLAN, put_ticket
from servers import Sink
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from actions.dispatch import act_next
from actions.http import HttpClub
from connectors.replies import reply_next
from connectors.settings import SmtpSettings
from connectors.smtp import SmtpMailer
from dashboard.deps import House
from dashboard.live import Watcher
from dashboard.pages import add_pages, make_templates
from db import decisions, people, tickets
from db.desk import Desk
from db.lifecycle import PROGRAM, Status
from db.models import Mail, Person, Promise, SignIn, now
from db.session import OpenSession

MAILS = [raw_mail("x" * 20_000, message_id=f"{i}@kowalczyk.example") for i in range(30)]


@pytest.fixture
def full(open_session: OpenSession) -> Iterator[Callable[[bool], None]]:
    """A disk that can be full: SQLite itself says so, as it does at the end of a real one."""
    pages = {"most": 1_000_000}

    def limit(connection: Any, *more: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={pages['most']}")

    event.listen(open_session.engine, "checkout", limit)

    def switch(is_full: bool) -> None:
        with open_session.reading() as session:
            used = int(session.execute(text("PRAGMA page_count")).scalar_one())
        pages["most"] = used if is_full else 1_000_000

    yield switch
    event.remove(open_session.engine, "checkout", limit)


def client_of(open_session: OpenSession, desk: Desk) -> TestClient:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    add_pages(app)
    app.state.watcher = Watcher(open_session)
    app.state.house = House(desk, open_session, FakePreCheck([PLAN]), make_templates(), 10, False)
    with open_session() as session:
        session.add(Person(id=1, email="mia@westpark.example", password_hash="x", role="agent"))
        session.flush()
        session.add(SignIn(token_hash=people.digest("token"), person_id=1))
        put_ticket(session)
    client = TestClient(app, follow_redirects=False)
    client.cookies.set("courtdesk", "token")
    return client


def take_all(open_session: OpenSession, mailbox: FakeMailbox) -> None:
    while taken_in(open_session, mailbox, read_verified):
        pass


def test_a_full_disk_stops_the_intake_and_loses_no_mail(
    open_session: OpenSession, full: Callable[[bool], None]
) -> None:
    mailbox = FakeMailbox(MAILS)
    for _ in range(6):
        taken_in(open_session, mailbox, read_verified)
    full(True)

    with pytest.raises(OperationalError, match="full"):
        take_all(open_session, mailbox)

    full(False)
    take_all(open_session, mailbox)
    with open_session.reading() as session:
        assert session.query(Mail).filter(Mail.ticket_id.is_not(None)).count() == len(MAILS)


def test_a_full_disk_refuses_an_approval_in_words_and_keeps_the_ticket(
    open_session: OpenSession, desk: Desk, full: Callable[[bool], None]
) -> None:
    client = client_of(open_session, desk)
    client.get("/tickets/1")  # the look itself has been noted
    form = {
        "seen": "2",
        "category": "reset_password",
        "username": "anna42",
        "reply": RESET.reply + " " + "long " * 3000,
    }
    full(True)

    answer = client.post("/tickets/1/approval", data=form, headers=HX)

    assert answer.status_code == 503
    assert "Nothing was changed" in answer.text
    full(False)
    with open_session.reading() as session:
        assert tickets.get(session, 1).status == "in_review"
        assert session.query(Promise).count() == 0
    assert client.post("/tickets/1/approval", data=form, headers=HX).status_code == 204


def test_a_locked_database_refuses_in_words_and_works_again(open_session: OpenSession, desk: Desk) -> None:
    client = client_of(open_session, desk)
    client.get("/tickets/1")

    def impatient(connection: Any, *more: Any) -> None:
        connection.execute("PRAGMA busy_timeout=50")

    event.listen(open_session.engine, "checkout", impatient)
    form = {"seen": "2", "category": "reset_password", "username": "anna42", "reply": RESET.reply}
    other = open_session.engine.raw_connection()
    other.cursor().execute("BEGIN IMMEDIATE")

    locked = client.post("/tickets/1/approval", data=form, headers=HX)
    other.cursor().execute("ROLLBACK")
    other.close()

    assert locked.status_code == 503
    assert "locked" in locked.text
    assert client.post("/tickets/1/approval", data=form, headers=HX).status_code == 204


def approved(open_session: OpenSession, with_action: bool = True) -> None:
    while taken_in(open_session, FakeMailbox([raw_mail()]), read_verified):
        pass
    with open_session() as session:
        ticket = tickets.get(session, 1)
        answer = RESET if with_action else QUESTION
        tickets.propose(session, ticket, answer, language="en")
        action = {"name": "reset_password", "params": {"username": "anna42"}} if with_action else None
        decisions.approve(
            session,
            ticket,
            answer,
            action=action,
            reply_to=ANNA["email"],
            by="mia",
            seen=ticket.version,
            undo_seconds=0,
        )


def test_a_clock_that_was_set_back_delays_nothing_for_ever(open_session: OpenSession, desk: Desk) -> None:
    approved(open_session)
    with open_session() as session:
        ahead = now() + timedelta(days=1)  # as rows look whose clock was a day ahead
        session.query(Promise).update({"created_at": ahead, "not_before": ahead})
    club = FakeClub(members=[ANNA])

    assert act_next(open_session, desk, club)

    assert len(club.effects) == 1
    with open_session.reading() as session:
        assert tickets.get(session, 1).status == "acted"


def club_that_says(answers: list[httpx.Response]) -> HttpClub:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=[ANNA])
        return answers.pop(0)

    return HttpClub(httpx.Client(base_url="http://club", transport=httpx.MockTransport(answer)))


def again_at_once(open_session: OpenSession) -> None:
    with open_session() as session:
        session.query(Promise).update({"not_before": now() - timedelta(seconds=1)})


@pytest.mark.parametrize("rubbish", ["<html>hello</html>", "[]", '"ok"', "", "null", "{"])
def test_an_api_that_answers_200_with_rubbish_is_asked_again_under_its_key_then_a_person(
    open_session: OpenSession, desk: Desk, rubbish: str
) -> None:
    approved(open_session)
    club = club_that_says([httpx.Response(200, text=rubbish)] * 5)

    for _ in range(6):
        act_next(open_session, desk, club)
        again_at_once(open_session)

    with open_session.reading() as session:
        ticket = tickets.get(session, 1)
        assert ticket.status == "stuck"
        assert "may or may not have happened" in ticket.problem
        assert "No reply was sent" in ticket.problem
        assert session.query(Promise).filter(Promise.kind == "action").one().state == "unknown"


def test_rubbish_once_is_overcome(open_session: OpenSession, desk: Desk) -> None:
    approved(open_session)
    good = httpx.Response(200, json={"reset_url": "https://club.example/r/1", "expires_at": "2026-05-14"})
    club = club_that_says([httpx.Response(200, text="<html>"), good])

    for _ in range(3):
        act_next(open_session, desk, club)
        again_at_once(open_session)

    with open_session.reading() as session:
        assert tickets.get(session, 1).status == "acted"


@pytest.mark.server
def test_a_mail_server_that_takes_the_mail_and_drops_the_line_leaves_it_to_a_person(
    open_session: OpenSession, desk: Desk
) -> None:
    approved(open_session, with_action=False)
    with open_session() as session:
        ticket = tickets.get(session, 1)
        tickets.move(session, ticket, Status.ACTED, actor=PROGRAM, seen=ticket.version)
    with Sink() as sink:
        sink.hang_up_after_data = True
        settings = SmtpSettings.model_validate(
            {"host": "127.0.0.1", "port": sink.port, "security": "none", "from": "office@westpark.example"}
        )
        for _ in range(3):
            reply_next(open_session, desk, SmtpMailer(settings), settings)

        assert len(sink.mails) == 1  # it was taken, and is not sent again
    with open_session.reading() as session:
        ticket = tickets.get(session, 1)
        assert (ticket.status, "may have left" in ticket.problem) == ("stuck", True)


def test_two_writers_of_one_process_wait_for_each_other(open_session: OpenSession) -> None:
    with open_session() as session:
        put_ticket(session)

    def write() -> None:
        for _ in range(20):
            with open_session() as session:
                ticket = tickets.get(session, 1)
                tickets.touch(session, ticket, ticket.version)

    threads = [threading.Thread(target=write) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    with open_session.reading() as session:
        assert tickets.get(session, 1).version == 2 + 6 * 20
