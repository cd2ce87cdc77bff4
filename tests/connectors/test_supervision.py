"""Several mailboxes: each for itself, added and removed while the desk runs."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from builders import raw_mail
from fakes import FakeMailer
from pydantic import SecretStr
from servers import Dovecot, free_port, why_not

from connectors.intake import read_here, read_next
from connectors.mailboxes import Office
from connectors.settings import MailSettings
from connectors.supervision import Mailboxes
from db import mailboxes, parts
from db.loop import Loop, end_all
from db.models import Mail
from db.session import OpenSession
from db.vault import Vault

REASON = why_not("dovecot")
pytestmark = [pytest.mark.server, pytest.mark.skipif(bool(REASON), reason=REASON)]


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    with Dovecot({"office": "s3cret", "info": "s3cret"}) as server:
        yield server


@pytest.fixture
def house(dovecot: Dovecot, open_session: OpenSession, tmp_path: Path) -> Iterator[Mailboxes]:
    settings = MailSettings.model_validate(
        {
            "host": "localhost",
            "port": dovecot.imap,
            "user": "office",
            "password": SecretStr("s3cret"),
            "security": "none",
            "idle_seconds": 1,
        }
    )
    mailer = FakeMailer()
    made = Mailboxes(open_session, settings, Vault(tmp_path), mailer=lambda: mailer, tell="admin@club.example")
    reading = Loop("reading", lambda: read_next(open_session, read_here, settings), 0.05)
    reading.start()
    yield made
    made.close()
    end_all([reading])


def add(house: Mailboxes, port: int, user: str, password: str = "s3cret", **more: str) -> None:
    with house.open_session() as session:
        stated = {
            "host": "localhost",
            "security": "none",
            "folder": "INBOX",
            "auth": "password",
            "afterwards": "",
            "oauth": {},
            **more,
        }
        mailboxes.add(session, house.vault, secrets={"password": password}, port=port, user=user, **stated)


def wait_until(
    open_session: OpenSession, fine: Callable[[dict[str, str], set[str]], bool], seconds: float = 30
) -> None:
    """`fine` gets the mailboxes' states by name and the texts of the mails that are read."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with open_session.reading() as session:
            states = {name: one.state for name, one in mailboxes.states(session).items()}
            texts = {mail.text for mail in session.query(Mail) if mail.read}
        if fine(states, texts):
            return
        time.sleep(0.05)
    raise TimeoutError(f"{states} {texts}")


def test_a_mailbox_that_fails_does_not_hold_up_the_others(house: Mailboxes, dovecot: Dovecot) -> None:
    add(house, dovecot.imap, "info", "wrong")
    add(house, free_port(), "nobody")
    dovecot.deliver(raw_mail("for the office"))

    house.look()

    wait_until(
        house.open_session,
        lambda states, texts: "for the office" in texts and sorted(states.values()) == ["failing", "failing", "ok"],
    )
    with house.open_session.reading() as session:
        (locked,) = mailboxes.locked_out(session)
        assert "refuses user info" in locked.words
        assert next(part for part in parts.all_parts(session) if part.name == "mail").state == "failing"
    house.look()
    house.look()
    mailer = house.mailer()
    assert isinstance(mailer, FakeMailer)
    ((to, message),) = mailer.sent  # told once
    assert (to, message["Auto-Submitted"]) == ("admin@club.example", "auto-generated")
    assert "refuses user info" in message.get_content()


def test_a_mailbox_is_added_and_removed_while_the_desk_runs(house: Mailboxes, dovecot: Dovecot) -> None:
    house.look()
    wait_until(house.open_session, lambda states, texts: list(states.values()) == ["ok"])
    add(house, dovecot.imap, "info")
    dovecot.deliver(raw_mail("for info", message_id="2@x.example"), "info")
    house.look()
    wait_until(house.open_session, lambda states, texts: "for info" in texts)

    with house.open_session() as session:
        mailboxes.remove(session, 1)
    house.look()

    assert list(house.running) == [house.settings.folders[0].name]


@pytest.mark.parametrize(("afterwards", "left"), [("", (1, 0)), ("seen", (0, 0)), ("move:Processed", (0, 1))])
def test_the_server_is_changed_only_where_the_settings_say_so(
    house: Mailboxes, dovecot: Dovecot, afterwards: str, left: tuple[int, int]
) -> None:
    """`left`: mails that are still unseen in INBOX, and mails in Processed."""
    house.settings = house.settings.model_copy(update={"host": ""})
    add(house, dovecot.imap, "info", afterwards=afterwards)
    dovecot.deliver(raw_mail("once"), "info")
    house.look()
    wait_until(house.open_session, lambda states, texts: "once" in texts)
    folder = next(dovecot.root.glob("mail/info/Maildir"))

    def now() -> tuple[int, int]:
        here = [path.name for part in ("new", "cur") for path in (folder / part).iterdir()]
        moved = [path for part in ("new", "cur") for path in (folder / ".Processed" / part).glob("*")]
        return sum("S" not in name.partition(":2,")[2] for name in here), len(moved)

    deadline = time.monotonic() + 20
    while now() != left and time.monotonic() < deadline:
        time.sleep(0.1)
    assert now() == left


def test_trying_a_mailbox_explains_what_is_wrong(house: Mailboxes, dovecot: Dovecot) -> None:
    add(house, dovecot.imap, "info")
    add(house, dovecot.imap, "info", "wrong")
    add(house, free_port(), "info")
    office = Office(house.open_session, house.settings, house.vault, "http://x/consent")
    dovecot.deliver(raw_mail(), "info")

    assert office.tried(1) == (True, "Signed in as info; INBOX holds 1 mails.")
    assert "refuses user info or the password" in office.tried(2)[1]
    assert "Nothing listens" in office.tried(3)[1]
    assert office.problem_of({"host": "", "user": "x"}) == "host is missing"
    assert "port" in office.problem_of({"host": "h", "user": "x", "port": "many"})


def test_of_two_processes_one_reads_a_mailbox_and_the_other_goes_on_when_it_is_gone(
    house: Mailboxes, dovecot: Dovecot
) -> None:
    other = Mailboxes(house.open_session, house.settings, house.vault, owner="far-away:2")
    house.look()
    other.look()
    assert (len(house.running), len(other.running)) == (1, 0)

    for name in list(house.running):
        house.stop(name)
    other.look()
    house.look()
    assert (len(house.running), len(other.running)) == (0, 1)
    for name in list(other.running):
        other.stop(name)
