"""The IMAP mailbox against a real Dovecot that is started, broken and changed."""

import signal
import threading
import time
from collections.abc import Iterator

import pytest
from builders import raw_mail, taken_in
from pydantic import SecretStr
from servers import Dovecot, why_not

from connectors.imap import ImapMailbox
from connectors.intake import MailboxDown
from connectors.settings import MailSettings
from db.models import Ticket
from db.session import OpenSession

REASON = why_not("dovecot", "openssl")
pytestmark = [pytest.mark.server, pytest.mark.skipif(bool(REASON), reason=REASON)]


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    with Dovecot({"office": "s3cret"}) as server:
        yield server


@pytest.fixture
def secure() -> Iterator[Dovecot]:
    with Dovecot({"office": "s3cret"}, tls=True) as server:
        yield server


OPENED: list[ImapMailbox] = []


@pytest.fixture(autouse=True)
def hang_up() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().hang_up()


def mailbox_of(server: Dovecot, **changes: object) -> ImapMailbox:
    values: dict[str, object] = {
        "host": "localhost",
        "port": server.imap,
        "user": "office",
        "password": SecretStr("s3cret"),
        "security": "none",
        "idle_seconds": 3,
    }
    OPENED.append(ImapMailbox(MailSettings.model_validate({**values, **changes})))
    return OPENED[-1]


def take_all(open_session: OpenSession, mailbox: ImapMailbox) -> int:
    while taken_in(open_session, mailbox):
        pass
    with open_session.reading() as session:
        return session.query(Ticket).count()


def number(i: int) -> bytes:
    return raw_mail(f"mail number {i}", message_id=f"{i}@x.example")


def test_each_mail_is_taken_in_once_and_left_on_the_server(dovecot: Dovecot, open_session: OpenSession) -> None:
    for i in range(5):
        dovecot.deliver(number(i))
    mailbox = mailbox_of(dovecot)

    assert take_all(open_session, mailbox) == 5
    assert take_all(open_session, mailbox) == 5
    mailbox.hang_up()
    assert take_all(open_session, mailbox_of(dovecot)) == 5
    (folder,) = dovecot.root.glob("mail/office/Maildir")
    assert len(list((folder / "new").iterdir()) + list((folder / "cur").iterdir())) == 5
    assert not [
        path for path in (folder / "cur").iterdir() if "S" in path.name.partition(",")[2]
    ]  # none marked as seen


def test_idle_wakes_when_mail_arrives(dovecot: Dovecot, open_session: OpenSession) -> None:
    mailbox = mailbox_of(dovecot, idle_seconds=60)
    take_all(open_session, mailbox)
    threading.Timer(0.5, dovecot.deliver, [number(1)]).start()

    started = time.monotonic()
    mailbox.wait()

    assert time.monotonic() - started < 30
    assert take_all(open_session, mailbox) == 1
    mailbox.hang_up()


def test_a_server_that_dies_is_reported_and_found_again(dovecot: Dovecot, open_session: OpenSession) -> None:
    dovecot.deliver(number(1))
    mailbox = mailbox_of(dovecot)
    assert take_all(open_session, mailbox) == 1

    dovecot.stop(signal.SIGKILL)
    with pytest.raises(MailboxDown, match=r"cannot be read|Nothing listens"):
        taken_in(open_session, mailbox)
    dovecot.start()
    dovecot.deliver(number(2))

    assert take_all(open_session, mailbox) == 2
    mailbox.hang_up()


def test_a_new_uidvalidity_imports_nothing_twice(dovecot: Dovecot, open_session: OpenSession) -> None:
    for i in range(3):
        dovecot.deliver(number(i))
    assert take_all(open_session, mailbox_of(dovecot)) == 3

    dovecot.new_uidvalidity()
    dovecot.deliver(number(3))

    assert take_all(open_session, mailbox_of(dovecot)) == 4


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_tls_is_verified_and_a_trusted_server_is_read(
    secure: Dovecot, open_session: OpenSession, security: str
) -> None:
    secure.deliver(number(1))
    port = secure.imaps if security == "tls" else secure.imap
    trusted = mailbox_of(secure, port=port, security=security, ca_file=str(secure.root / "cert.pem"))

    assert take_all(open_session, trusted) == 1
    trusted.hang_up()


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_every_sign_in_over_tls_is_answered(secure: Dovecot, open_session: OpenSession, security: str) -> None:
    port = secure.imaps if security == "tls" else secure.imap

    for number_of_connection in range(30):  # session tickets and answers race on a fresh connection
        mailbox = mailbox_of(secure, port=port, security=security, ca_file=str(secure.root / "cert.pem"))
        assert mailbox.fetch_after(0, 0) == [], number_of_connection
        mailbox.hang_up()


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_that_nobody_vouches_for_is_refused(
    secure: Dovecot, open_session: OpenSession, security: str
) -> None:
    port = secure.imaps if security == "tls" else secure.imap

    with pytest.raises(MailboxDown, match="certificate"):
        taken_in(open_session, mailbox_of(secure, port=port, security=security))


def test_a_certificate_of_another_host_is_refused(secure: Dovecot, open_session: OpenSession) -> None:
    other = mailbox_of(
        secure, host="127.0.0.1", port=secure.imaps, security="tls", ca_file=str(secure.root / "cert.pem")
    )

    with pytest.raises(MailboxDown, match="certificate"):
        taken_in(open_session, other)


def test_a_wrong_password_is_said_in_words(dovecot: Dovecot, open_session: OpenSession) -> None:
    with pytest.raises(MailboxDown, match="refuses user office or the password"):
        taken_in(open_session, mailbox_of(dovecot, password=SecretStr("wrong")))


def test_of_an_oversized_mail_the_headers_are_kept(dovecot: Dovecot, open_session: OpenSession) -> None:
    dovecot.deliver(raw_mail("x" * 20_000, subject="Huge"))

    assert take_all(open_session, mailbox_of(dovecot, largest=10_000)) == 1

    with open_session.reading() as session:
        assert session.query(Ticket).one().subject == "Huge"
