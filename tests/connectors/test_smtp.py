"""The mailer against a real SMTP server that takes, refuses and hangs up."""

from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from servers import Sink, free_port

from connectors.replies import POLICY, MaybeSent, NotSent, Rejected
from connectors.settings import SmtpSettings
from connectors.smtp import SmtpMailer
from db.outbox import LostLease

pytestmark = pytest.mark.server


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as server:
        yield server


def mailer(port: int) -> SmtpMailer:
    return SmtpMailer(
        SmtpSettings.model_validate(
            {"host": "127.0.0.1", "port": port, "security": "none", "SMTP_FROM": "office@westpark.example"}
        )
    )


class Leaving:
    """Counts how often the point of no return was passed; can refuse to pass it."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.times, self.problem = 0, problem

    def __call__(self) -> None:
        self.times += 1
        if self.problem is not None:
            raise self.problem


def message() -> EmailMessage:
    made = EmailMessage(policy=POLICY)
    made["From"], made["To"], made["Subject"] = "office@westpark.example", "anna@kowalczyk.example", "Grüße"
    made["References"] = f"<{'a' * 200}@x.example>"
    made.set_content("Hallo Anna,\n\nschöne Grüße\n.\n..zwei Punkte\n")
    return made


def test_a_mail_arrives_as_it_was_written(sink: Sink) -> None:
    mailer(sink.port).send(message(), to=["anna@kowalczyk.example"], leaves=Leaving())

    ((to, arrived),) = sink.mails
    assert to == "anna@kowalczyk.example"
    assert arrived["References"] == f"<{'a' * 200}@x.example>"
    assert "schöne Grüße\r\n.\r\n..zwei Punkte" in arrived.get_payload(decode=True).decode()  # type: ignore[union-attr]


@pytest.mark.parametrize(("answer", "problem"), [("451 busy", NotSent), ("550 no such user", Rejected)])
def test_an_answer_of_no_is_understood(sink: Sink, answer: str, problem: type[Exception]) -> None:
    sink.answer = answer

    with pytest.raises(problem):
        mailer(sink.port).send(message(), to=["anna@kowalczyk.example"], leaves=Leaving())


@pytest.mark.parametrize(("answer", "problem"), [("451 busy", NotSent), ("550 no such user", Rejected)])
def test_a_recipient_refused_is_known_before_anything_left(sink: Sink, answer: str, problem: type[Exception]) -> None:
    sink.answer_to_recipient, leaving = answer, Leaving()

    with pytest.raises(problem):
        mailer(sink.port).send(message(), to=["anna@kowalczyk.example"], leaves=leaving)

    assert leaving.times == 0


def test_a_mail_that_may_no_longer_leave_does_not(sink: Sink) -> None:
    with pytest.raises(LostLease):
        mailer(sink.port).send(message(), to=["anna@kowalczyk.example"], leaves=Leaving(LostLease("taken over")))

    mailer(sink.port).send(message(), to=["bob@kowalczyk.example"], leaves=Leaving())
    assert [to for to, _ in sink.mails] == ["bob@kowalczyk.example"]


def test_a_line_that_breaks_after_the_mail_is_unknown(sink: Sink) -> None:
    sink.hang_up_after_data = True

    with pytest.raises(MaybeSent):
        mailer(sink.port).send(message(), to=["anna@kowalczyk.example"], leaves=Leaving())


def test_a_server_that_is_not_there_was_not_sent_to() -> None:
    with pytest.raises(NotSent, match="cannot be reached"):
        mailer(free_port()).send(message(), to=["anna@kowalczyk.example"], leaves=Leaving())
