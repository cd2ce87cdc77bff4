"""Tokens for XOAUTH2: the two ways that administrators use, refreshed ahead of time, stored encrypted.

A person's consent (authorization code with PKCE, RFC 7636) for Google and Microsoft; client credentials (RFC 6749, 4.4)
for Microsoft 365, where nobody signs in. Which it is follows from whether an address to sign in at is configured.
"""

import time
from dataclasses import dataclass
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.httpx_client import OAuth2Client
from httpx2 import HTTPError

from connectors.settings import MailSettings
from db import mailboxes
from db.session import OpenSession
from db.vault import LostKey, Vault

EARLY = 0.2  # of a token's life is left when it is renewed
USUAL_LIFE = 3600  # seconds, where the server does not say
ENDED = (
    "invalid_grant",
    "invalid_client",
    "unauthorized_client",
    "access_denied",
    "consent_required",
    "interaction_required",
)


class SignInNeeded(Exception):
    """Only a person can mend it: nobody has consented yet, or the consent has ended."""


class TokenServerDown(Exception):
    """The token server does not answer; it may do so later."""


@dataclass(frozen=True)
class Tokens:
    """The access tokens of one mailbox."""

    settings: MailSettings
    open_session: OpenSession
    vault: Vault

    def current(self) -> str:
        """A token that lasts for a while. Raise SignInNeeded or TokenServerDown."""
        token = self.stored()
        if token.get("access_token") and token.get("renew_at", 0) > time.time():
            return str(token["access_token"])
        return self.renewed(token)

    def renewed(self, token: dict[str, Any]) -> str:
        try:
            with self.client() as client:
                if self.settings.oauth_auth_url:
                    if not token.get("refresh_token"):
                        raise SignInNeeded(f"Nobody has signed {self.settings.user} in yet: open Mailboxes.")
                    found = client.refresh_token(self.settings.oauth_token_url, refresh_token=token["refresh_token"])
                else:
                    found = client.fetch_token(self.settings.oauth_token_url, grant_type="client_credentials")
        except AuthlibBaseError as error:
            if error.error in ENDED:
                raise SignInNeeded(
                    f"The sign-in of {self.settings.user} has ended ({error.error}): sign in again."
                ) from error
            raise TokenServerDown(f"{self.settings.oauth_token_url} gives no token: {error}.") from error
        except (HTTPError, ValueError) as error:
            raise TokenServerDown(f"{self.settings.oauth_token_url} cannot be reached: {error}.") from error
        self.keep({"refresh_token": token.get("refresh_token", ""), **found})
        return str(found["access_token"])

    def consent_url(self, callback: str) -> tuple[str, dict[str, str]]:
        """Where a person signs in, and what must be remembered until they come back."""
        verifier = generate_token(64)
        with self.client(callback) as client:
            url, state = client.create_authorization_url(
                self.settings.oauth_auth_url,
                code_verifier=verifier,
                login_hint=self.settings.user,
                access_type="offline",
                prompt="consent",
            )
        return str(url), {"state": state, "verifier": verifier}

    def consented(self, callback: str, came_back: str, remembered: dict[str, str]) -> None:
        """Turn what the person came back with into tokens. Raise SignInNeeded or TokenServerDown."""
        try:
            with self.client(callback) as client:
                found = client.fetch_token(
                    self.settings.oauth_token_url,
                    authorization_response=came_back,
                    state=remembered["state"],
                    code_verifier=remembered["verifier"],
                )
        except AuthlibBaseError as error:
            raise SignInNeeded(f"The sign-in was not completed: {error}.") from error
        except (HTTPError, ValueError) as error:
            raise TokenServerDown(f"{self.settings.oauth_token_url} cannot be reached: {error}.") from error
        self.keep(found)

    def spoilt(self) -> None:
        """The server refused the token: do not offer it again."""
        token = self.stored()
        self.keep({**token, "access_token": "", "expires_in": 0})

    def client(self, callback: str = "") -> OAuth2Client:
        s = self.settings
        return OAuth2Client(
            s.oauth_client_id, s.oauth_client_secret.get_secret_value() or None, scope=s.oauth_scope or None, redirect_uri=callback or None,
            code_challenge_method="S256", timeout=15, token_endpoint_auth_method="client_secret_post" if s.oauth_client_secret.get_secret_value() else "none",
        )  # fmt: skip

    def stored(self) -> dict[str, Any]:
        with self.open_session.reading() as session:
            state = mailboxes.states(session).get(self.settings.name)
        try:
            found: dict[str, Any] = self.vault.open(state.token) if state is not None and state.token else {}
        except LostKey:
            return {}
        return found

    def keep(self, token: dict[str, Any]) -> None:
        life = float(token.get("expires_in") or USUAL_LIFE)
        kept = {
            "access_token": token.get("access_token", ""),
            "refresh_token": token.get("refresh_token", ""),
            "renew_at": time.time() + life * (1 - EARLY) if token.get("access_token") else 0,
        }
        with self.open_session() as session:
            mailboxes.state_of(session, self.settings.name).token = self.vault.shut(kept)
