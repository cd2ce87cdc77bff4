"""Where replies go: asked anew for each mail, so that what an admin names in the browser counts at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import Sink, free_port

from connectors.choosing import Outgoing
from connectors.demo import DemoMailer
from connectors.settings import MailSettings, SmtpSettings
from connectors.smtp import SmtpMailer
from db import outgoing, parts
from db.desk import Desk
from db.session import OpenSession
from db.vault import Vault

pytestmark = pytest.mark.server


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as server:
        yield server


@pytest.fixture
def chosen(open_session: OpenSession, desk: Desk, tmp_path: Path) -> Outgoing:
    return Outgoing(desk, SmtpSettings(), MailSettings(), open_session, Vault(tmp_path), demo=False)


def name(chosen: Outgoing, port: int, **more: str) -> None:
    stated = {"host": "127.0.0.1", "port": str(port), "user": "", "security": "none", "sender": "office@club.example"}
    with chosen.open_session() as session:
        outgoing.save(session, chosen.vault, **{**stated, "password": "s3cret", **more})


def lamp(chosen: Outgoing) -> tuple[str, str]:
    with chosen.open_session.reading() as session:
        (part,) = [one for one in parts.all_parts(session) if one.name == "reply"]
        return part.state, part.words


def test_a_stage_rests_until_a_server_is_named(chosen: Outgoing, sink: Sink) -> None:
    done: list[str] = []
    stage = chosen.through(lambda mailer: not done.append(mailer.sender))

    assert not stage()
    assert chosen.tried("mia@club.example") == (False, "No server for replies is named yet.")
    name(chosen, sink.port)

    assert stage()
    assert done == ["office@club.example"]
    mailer = chosen.mailer()
    assert isinstance(mailer, SmtpMailer)
    assert mailer.settings.password.get_secret_value() == "s3cret"


def test_a_trial_sends_a_mail_and_says_what_came_of_it(chosen: Outgoing, sink: Sink) -> None:
    name(chosen, sink.port)

    works, words = chosen.tried("mia@club.example")

    assert (works, lamp(chosen)) == (True, ("ok", "sends"))
    assert "mia@club.example was handed over" in words
    ((to, message),) = sink.mails
    assert (to, message["Auto-Submitted"]) == ("mia@club.example", "auto-generated")


def test_a_server_that_is_away_or_refuses_is_named(chosen: Outgoing, sink: Sink) -> None:
    name(chosen, free_port())
    works, words = chosen.tried("mia@club.example")
    assert not works
    assert "cannot be reached" in words
    assert lamp(chosen) == ("failing", words)

    sink.answer = "550 5.7.1 not from here"
    name(chosen, sink.port)
    assert not chosen.tried("mia@club.example")[0]


def test_the_settings_go_first_and_the_demo_last(
    open_session: OpenSession, desk: Desk, tmp_path: Path, sink: Sink
) -> None:
    settings = SmtpSettings.model_validate(
        {"host": "smtp.settings.example", "SMTP_FROM": "a@settings.example", "quote": True}
    )
    vault = Vault(tmp_path)
    first = Outgoing(desk, settings, MailSettings(), open_session, vault, demo=True)
    last = Outgoing(desk, SmtpSettings.model_validate({"quote": True}), MailSettings(), open_session, vault, demo=True)
    assert isinstance(last.mailer(), DemoMailer)
    assert last.tried("mia@club.example")[1].startswith("The demo sends nothing")

    name(last, sink.port)

    assert (first.is_set, first.sender) == (True, "a@settings.example")
    mailer = last.mailer()
    assert isinstance(mailer, SmtpMailer)
    assert (last.is_set, mailer.sender, mailer.settings.quote) == (False, "office@club.example", True)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"port": "many"}, "port"), ({"security": "magic"}, "security"), ({"host": ""}, "host is missing"), ({"sender": ""}, "sender is missing"), ({}, "")],
)  # fmt: skip
def test_what_cannot_be_a_server_is_said(chosen: Outgoing, changes: dict[str, str], words: str) -> None:
    stated = {
        "host": "smtp.club.example",
        "port": "465",
        "user": "",
        "password": "",
        "security": "tls",
        "sender": "a@club.example",
    }

    assert words in chosen.problem_of({**stated, **changes})
    assert bool(words) == bool(chosen.problem_of({**stated, **changes}))


def test_a_lost_key_leaves_the_password_empty(chosen: Outgoing, tmp_path: Path, sink: Sink) -> None:
    name(chosen, sink.port)
    other = Outgoing(
        chosen.desk, chosen.settings, chosen.mail, chosen.open_session, Vault(tmp_path / "other"), demo=False
    )

    mailer = other.mailer()
    assert isinstance(mailer, SmtpMailer)
    assert mailer.settings.password.get_secret_value() == ""
