"""XOAUTH2 against a real OAuth2 server and a real Dovecot: consent, client credentials, expiry, revocation."""

import base64
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from aiosmtpd.smtp import AuthResult
from builders import raw_mail, taken_in
from oauth import OAuthServer, oauth_server
from pydantic import SecretStr
from servers import Dovecot, Sink, why_not

from connectors.imap import ImapMailbox
from connectors.intake import MailboxDown
from connectors.oauth import SignInNeeded, Tokens, TokenServerDown
from connectors.replies import POLICY, NotSent
from connectors.settings import MailSettings, SmtpSettings
from connectors.smtp import SmtpMailer
from db import mailboxes
from db.models import MailboxState, Ticket
from db.session import OpenSession
from db.vault import Vault

REASON = why_not("dovecot")
pytestmark = [pytest.mark.server, pytest.mark.skipif(bool(REASON), reason=REASON)]
CALLBACK = "http://127.0.0.1:8000/mailboxes/consent"


@pytest.fixture
def provider() -> Iterator[OAuthServer]:
    with oauth_server() as server:
        yield server


@pytest.fixture
def dovecot(provider: OAuthServer) -> Iterator[Dovecot]:
    with Dovecot({"office": "s3cret"}, introspect=f"{provider.url}/introspect") as server:
        yield server


def settings(provider: OAuthServer, imap: int = 143, *, consent: bool = False) -> MailSettings:
    return MailSettings.model_validate(
        {
            "host": "localhost", "port": imap, "user": "office", "security": "none", "auth": "xoauth2", "idle_seconds": 3,
            "oauth_client_id": "desk", "oauth_client_secret": SecretStr("desk-secret"), "oauth_token_url": f"{provider.url}/token",
            "oauth_auth_url": f"{provider.url}/authorize" if consent else "", "oauth_scope": "mail",
        }
    )  # fmt: skip


def count(open_session: OpenSession) -> int:
    with open_session.reading() as session:
        return session.query(Ticket).count()


def take_all(open_session: OpenSession, box: ImapMailbox) -> None:
    while taken_in(open_session, box):
        pass


def test_client_credentials_read_the_mailbox(
    provider: OAuthServer, dovecot: Dovecot, open_session: OpenSession, tmp_path: Path
) -> None:
    dovecot.deliver(raw_mail())
    made = settings(provider, dovecot.imap)
    box = ImapMailbox(made, Tokens(made, open_session, Vault(tmp_path)))

    take_all(open_session, box)
    box.hang_up()
    take_all(open_session, box)  # a second connection takes the same token
    box.hang_up()

    assert count(open_session) == 1
    assert provider.issued == ["client_credentials"]


def test_a_person_consents_once_and_tokens_are_renewed(
    provider: OAuthServer, dovecot: Dovecot, open_session: OpenSession, tmp_path: Path
) -> None:
    made = settings(provider, dovecot.imap, consent=True)
    tokens = Tokens(made, open_session, Vault(tmp_path))
    with pytest.raises(SignInNeeded, match="Nobody has signed office in"):
        tokens.current()

    url, remembered = tokens.consent_url(CALLBACK)
    asked = parse_qs(urlsplit(url).query)
    assert asked["code_challenge_method"] == ["S256"]
    back = httpx.get(url).headers["location"]
    tokens.consented(CALLBACK, back, remembered)

    first = tokens.current()
    provider.valid.clear()  # time passes
    with open_session() as session:
        state = mailboxes.state_of(session, made.name)
        stored = tokens.vault.open(state.token)
        state.token = tokens.vault.shut({**stored, "renew_at": 0})
    second = tokens.current()

    assert first != second
    assert provider.issued == ["authorization_code", "refresh_token"]
    dovecot.deliver(raw_mail())
    box = ImapMailbox(made, tokens)
    take_all(open_session, box)
    box.hang_up()
    assert count(open_session) == 1


def test_a_consent_that_ended_locks_the_mailbox_and_says_so(
    provider: OAuthServer, dovecot: Dovecot, open_session: OpenSession, tmp_path: Path
) -> None:
    made = settings(provider, dovecot.imap, consent=True)
    tokens = Tokens(made, open_session, Vault(tmp_path))
    url, remembered = tokens.consent_url(CALLBACK)
    tokens.consented(CALLBACK, httpx.get(url).headers["location"], remembered)
    provider.revoke_everything()
    box = ImapMailbox(made, tokens)

    for _ in range(2):  # the token that is refused first, then the one that cannot be renewed
        with pytest.raises(MailboxDown) as caught:
            taken_in(open_session, box)

    assert caught.value.sign_in
    assert "has ended" in str(caught.value)
    with open_session.reading() as session:
        (locked,) = mailboxes.locked_out(session)
        assert locked.name == made.name


def test_an_answer_to_a_sign_in_that_was_not_begun_is_refused(
    provider: OAuthServer, open_session: OpenSession, tmp_path: Path
) -> None:
    made = settings(provider, consent=True)
    tokens = Tokens(made, open_session, Vault(tmp_path))
    url, remembered = tokens.consent_url(CALLBACK)
    back = httpx.get(url).headers["location"]

    with pytest.raises(SignInNeeded, match="not completed"):
        tokens.consented(CALLBACK, back, {**remembered, "state": "another"})
    with pytest.raises(SignInNeeded, match="not completed"):
        tokens.consented(CALLBACK, back, {**remembered, "verifier": "x" * 64})


def test_a_token_server_that_is_down_is_no_lost_sign_in(
    provider: OAuthServer, open_session: OpenSession, tmp_path: Path
) -> None:
    made = settings(provider).model_copy(update={"oauth_token_url": "http://127.0.0.1:9/token"})

    with pytest.raises(TokenServerDown, match="cannot be reached"):
        Tokens(made, open_session, Vault(tmp_path)).current()


def test_tokens_are_stored_encrypted(provider: OAuthServer, open_session: OpenSession, tmp_path: Path) -> None:
    made = settings(provider)
    token = Tokens(made, open_session, Vault(tmp_path)).current()

    with open_session.reading() as session:
        stored = session.get(MailboxState, made.name)
        assert stored is not None
        assert token not in stored.token
    assert Tokens(made, open_session, Vault(tmp_path / "other")).stored() == {}  # another key opens nothing


class TokenSink(Sink):
    """An SMTP server that takes mail only for a token that the OAuth2 server vouches for."""

    controls: ClassVar[dict[str, Any]] = {"auth_required": True, "auth_require_tls": False}

    def __init__(self, provider: OAuthServer) -> None:
        super().__init__()
        self.provider = provider

    async def auth_XOAUTH2(self, server: Any, args: list[str]) -> AuthResult:
        said = base64.b64decode(args[1]).decode()
        token = said.partition("auth=Bearer ")[2].strip("\x01")
        good = said.startswith("user=office\x01") and self.provider.valid.get(token, 0) > time.time()
        return AuthResult(success=good, handled=False)


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # the test's own server speaks no TLS
def test_replies_leave_with_the_same_tokens(provider: OAuthServer, open_session: OpenSession, tmp_path: Path) -> None:
    message = EmailMessage(policy=POLICY)
    message["From"], message["To"], message["Subject"] = "office@westpark.example", "anna@kowalczyk.example", "Hello"
    message.set_content("Hello")
    tokens = Tokens(settings(provider), open_session, Vault(tmp_path))
    with TokenSink(provider) as sink:
        smtp = SmtpSettings.model_validate(
            {"host": "127.0.0.1", "port": sink.port, "user": "office", "security": "none", "auth": "xoauth2"}
        )
        mailer = SmtpMailer(smtp, tokens)

        mailer.send(message, to=["anna@kowalczyk.example"], leaves=lambda: None)
        provider.valid.clear()
        with pytest.raises(NotSent, match="refuses user office or its token"):
            mailer.send(message, to=["anna@kowalczyk.example"], leaves=lambda: None)
        mailer.send(message, to=["anna@kowalczyk.example"], leaves=lambda: None)  # with a new token

    assert len(sink.mails) == 2
