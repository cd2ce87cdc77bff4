"""The life of tickets in every order that chance finds: signed, undone, killed, refused, settled, written to again.

Hypothesis drives the real stages over a real database, SQLite and PostgreSQL, against a club and a mail server that have
no keys and may die at any point. What must hold is stated below, after each step.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, ClassVar

import pytest
from builders import QUESTION, RESET, database, raw_mail, read_verified, taken_in, tennis
from fakes import ANNA, FakeClub, FakeMailbox
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from servers import Postgres
from sqlalchemy import text

from actions.dispatch import act_next
from actions.outcomes import OutcomeUnknown, Refused, Unreachable
from connectors.replies import MaybeSent, NotSent, Rejected, reply_next
from db import decisions, tickets, trail
from db.decisions import NothingStuck, TooLate
from db.lifecycle import ForbiddenMove, Status
from db.migrate import migrate
from db.models import Base, Event, Mail, Promise, Ticket, now
from db.session import OpenSession, open_database

KEY = b"the key of the test"
FATES = ("killed after", "well", "killed before", "lost after", "refused", "lost before", "unreachable")
EXPECTED = (tickets.StaleTicket, ForbiddenMove, TooLate, NothingStuck)


class Killed(BaseException):
    """As a SIGKILL: nobody catches it."""


class Club(FakeClub):
    """Without keys: what is asked twice happens twice."""

    fate = "well"

    def perform(self, action: str, params: Mapping[str, Any], key: str) -> dict[str, Any]:
        if self.fate in ("killed before", "killed after", "lost after", "well"):
            if self.fate == "killed before":
                raise Killed
            self.effects.append((action, params, key))
        if self.fate == "killed after":
            raise Killed
        if self.fate in ("lost before", "lost after"):
            raise OutcomeUnknown("The club did not answer.")
        if self.fate == "unreachable":
            raise Unreachable("The club is down.")
        if self.fate == "refused":
            raise Refused("limit", "One too many.")
        return {"reset_url": "https://club.example/reset/x"}


class Mailer:
    sender = "office@westpark.example"
    fate = "well"

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send(self, message: EmailMessage, *, to: Sequence[str], leaves: Callable[[], None]) -> None:
        if self.fate == "unreachable":
            raise NotSent("The server is down.")
        if self.fate == "killed before":
            raise Killed
        leaves()
        if self.fate == "refused":
            raise Rejected("No such mailbox.")
        if self.fate == "lost before":
            raise MaybeSent("The line broke.")
        self.sent.append(str(message["Message-ID"]))
        if self.fate == "lost after":
            raise MaybeSent("The line broke.")
        if self.fate == "killed after":
            raise Killed


class Life(RuleBasedStateMachine):
    open_session: ClassVar[OpenSession]
    begin: ClassVar[Callable[[], None]]

    def __init__(self) -> None:
        super().__init__()
        type(self).begin()
        self.desk, self.club, self.mailer = tennis(), Club(members=[ANNA], repeats_are_safe=False), Mailer()
        self.mails = [raw_mail(message_id="1@kowalczyk.example")]
        self.again: Counter[str] = Counter()  # by key: how often a person said that it had not happened
        self.take_in()

    def take_in(self) -> None:
        while taken_in(self.open_session, FakeMailbox(self.mails), read_verified):
            pass

    def status(self) -> Status:
        with self.open_session.reading() as session:
            return Status(tickets.get(session, 1).status)

    @contextmanager
    def ticket(self) -> Iterator[tuple[Any, Ticket]]:
        """In a transaction; what the rules of the house refuse is no fault here."""
        with suppress(*EXPECTED), self.open_session() as session:
            yield session, tickets.get(session, 1)

    @rule(really=st.sampled_from([True, False, False]))
    def the_customer_writes_again(self, really: bool) -> None:
        if not really:
            return
        number = len(self.mails) + 1
        more = "In-Reply-To: <1@kowalczyk.example>\r\n"
        self.mails.append(raw_mail(f"More {number}", message_id=f"{number}@kowalczyk.example", more=more))
        self.take_in()

    @precondition(lambda self: self.status() is Status.RECEIVED)
    @rule()
    def the_model_drafts(self) -> None:
        with self.ticket() as (session, ticket):
            tickets.propose(session, ticket, RESET, language="en", confidence=0.9)

    @precondition(lambda self: self.status() is Status.IN_REVIEW)
    @rule(acts=st.sampled_from([True, True, False]), behind=st.sampled_from([0, 0, 0, 1]))
    def a_person_approves(self, acts: bool, behind: int) -> None:
        with pytest.raises(tickets.StaleTicket) if behind else nullcontext(), self.open_session() as session:
            ticket = tickets.get(session, 1)
            action = {"name": "reset_password", "params": {"username": "anna42"}} if acts else None
            decisions.approve(
                session, ticket, RESET if acts else QUESTION, action=action, reply_to=ANNA["email"], by="mia",
                seen=ticket.version - behind, undo_seconds=0,
            )  # fmt: skip

    @rule(
        what=st.sampled_from(["undo", "save", "dismiss", "reopen", "redraft"]),
        really=st.sampled_from([True, False, False]),
    )
    def a_person_decides(self, what: str, really: bool) -> None:
        if not really:  # else most lives would be spent on changing one's mind
            return
        with self.ticket() as (session, ticket):
            seen = ticket.version
            if what == "undo":
                decisions.withdraw(session, ticket, by="mia", seen=seen)
            elif what == "save" and ticket.status == Status.IN_REVIEW:
                decisions.save_answer(session, ticket, RESET, by="mia", seen=seen)
            elif what == "dismiss":
                decisions.dismiss(session, ticket, by="mia", seen=seen)
            elif what == "reopen":
                decisions.reopen(session, ticket, by="mia", seen=seen)
            elif what == "redraft":
                decisions.redraft(session, ticket, by="mia", seen=seen)

    @precondition(lambda self: self.status() is Status.STUCK)
    @rule(outcome=st.sampled_from(["happened", "again"]))
    def a_person_settles(self, outcome: str) -> None:
        with self.ticket() as (session, ticket):
            row = decisions.stuck_row(ticket)
            if outcome == "happened":
                decisions.happened(session, ticket, by="mia", seen=ticket.version)
            else:
                decisions.do_again(session, ticket, by="mia", seen=ticket.version)
                self.again[row.key] += 1

    @precondition(lambda self: self.status() is Status.APPROVED)
    @rule(fate=st.sampled_from(FATES))
    def the_desk_acts(self, fate: str) -> None:
        self.club.fate = fate
        with suppress(Killed):
            act_next(self.open_session, self.desk, self.club)

    @precondition(lambda self: self.status() is Status.ACTED)
    @rule(fate=st.sampled_from(FATES))
    def the_desk_replies(self, fate: str) -> None:
        self.mailer.fate = fate
        with suppress(Killed):
            reply_next(self.open_session, self.desk, self.mailer)

    @precondition(lambda self: self.status() in (Status.APPROVED, Status.ACTED))
    @rule()
    def time_passes(self) -> None:
        """Waits end and leases run out; whoever was killed has not come back."""
        with self.open_session() as session:
            past = now() - timedelta(seconds=1)
            session.query(Promise).update({"not_before": past})
            session.query(Promise).filter(Promise.lease_until.is_not(None)).update({"lease_until": past})

    @invariant()
    def nothing_happens_that_nobody_signed_and_nothing_twice(self) -> None:
        with self.open_session.reading() as session:
            rows = {row.key: row for row in session.query(Promise)}
            signed = session.query(Event).filter(Event.new == "approved", Event.actor == "mia").count()
        effects = Counter(key for *_, key in self.club.effects)
        replies = Counter(sent.strip("<>").split(".")[0] for sent in self.mailer.sent)
        assert sum(1 for row in rows.values() if row.kind == "action") <= signed
        for key, count in [*effects.items(), *replies.items()]:
            assert key in rows, "something happened that was never promised"
            # Where a person said wrongly that it had not happened, the second try may have been taken back in time.
            assert rows[key].state != "withdrawn" or self.again[key], "something happened that had been taken back"
            assert count <= 1 + self.again[key], "something happened twice, and nobody had asked for it"

    @invariant()
    def what_is_answered_was_answered(self) -> None:
        with self.open_session.reading() as session:
            ticket = tickets.get(session, 1)
            replies = [row for row in ticket.promises if row.kind == "reply" and row.state == "done"]
            if ticket.status == Status.REPLIED:
                assert replies
                assert replies[-1].result is not None
                assert "said_by" in replies[-1].result or self.mailer.sent
            assert ticket.status != Status.STUCK or ticket.problem

    @invariant()
    def no_mail_is_lost(self) -> None:
        with self.open_session.reading() as session:
            assert session.query(Ticket).count() == 1
            assert session.query(Mail).filter(Mail.outgoing.is_(False)).count() == len(self.mails)

    def teardown(self) -> None:
        while trail.seal_next(self.open_session, KEY):
            pass
        with self.open_session.reading() as session:
            assert list(trail.faults(session, KEY)) == []


def lives(machine: type[Life], examples: int) -> None:
    quiet = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=40, deadline=None, suppress_health_check=quiet, database=None
        ),
    )


@pytest.mark.long
def test_no_order_of_events_breaks_a_promise_on_sqlite(tmp_path: Path) -> None:
    database(tmp_path).engine.dispose()
    opened: list[OpenSession] = []

    class OnSqlite(Life):
        pass

    def begin() -> None:
        for one in opened:
            one.engine.dispose()
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        shutil.copy(tmp_path / "test.db", folder / "test.db")
        OnSqlite.open_session = open_database(f"sqlite:///{folder / 'test.db'}")
        opened[:] = [OnSqlite.open_session]

    OnSqlite.begin = staticmethod(begin)  # type: ignore[assignment]
    lives(OnSqlite, 50)


@pytest.mark.server
def test_no_order_of_events_breaks_a_promise_on_postgresql() -> None:
    with Postgres() as server:
        if not server.url:
            pytest.skip("PostgreSQL is not installed")
        open_session = open_database(server.url)
        migrate(open_session)

        class OnPostgres(Life):
            pass

        def begin() -> None:
            names = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
            with open_session() as session:
                session.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))

        OnPostgres.open_session = open_session
        OnPostgres.begin = staticmethod(begin)  # type: ignore[assignment]
        lives(OnPostgres, 25)
        open_session.engine.dispose()
