"""Signing in with the account of an identity provider: OpenID Connect Core 1.0, authorization code with PKCE (RFC 7636)."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from httpx2 import HTTPError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from dashboard.settings import DashboardSettings

SIGNED_BY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
DESCRIBED_FOR = 3600.0  # seconds that a description of the provider is believed
CLOCKS_DIFFER = 60  # seconds
SECONDS = 15.0


class NoIdentity(Exception):
    """The provider did not say who somebody is, or not in a way that can be believed; the message says why."""


@dataclass(frozen=True)
class Identity:
    """Who somebody is at the provider. `name`: issuer and subject, which never change, as an address may."""

    name: str
    email: str
    email_is_verified: bool
    full_name: str


@dataclass
class Provider:
    """The identity provider of the settings. `label` stands on the button; `new_role` for people nobody has added, "" for none."""

    issuer: str
    client_id: str
    client_secret: str
    callback: str
    label: str = "your organisation"
    new_role: str = ""
    described: tuple[float, dict[str, Any]] = field(default=(0.0, {}))

    def begin(self) -> tuple[str, dict[str, str]]:
        """Where somebody signs in, and what must be remembered until they come back. Raise NoIdentity."""
        remembered = {"nonce": secrets.token_urlsafe(24), "verifier": secrets.token_urlsafe(48)}
        with self.client() as client:
            url, state = client.create_authorization_url(
                self.description()["authorization_endpoint"],
                code_verifier=remembered["verifier"],
                nonce=remembered["nonce"],
            )
        return str(url), {**remembered, "state": state}

    def finish(self, came_back: str, remembered: dict[str, str]) -> Identity:
        """Who came back. Raise NoIdentity."""
        known = self.description()
        try:
            with self.client() as client:
                token = client.fetch_token(
                    known["token_endpoint"],
                    authorization_response=came_back,
                    state=remembered["state"],
                    code_verifier=remembered["verifier"],
                )
                claims = read_id_token(
                    str(token.get("id_token", "")), self.keys(), self.issuer, self.client_id, remembered["nonce"]
                )
                if "email" not in claims and "userinfo_endpoint" in known:
                    said = client.get(known["userinfo_endpoint"]).json()
                    claims = {**said, **claims} if said.get("sub") == claims["sub"] else claims
        except AuthlibBaseError as error:
            raise NoIdentity(f"The sign-in was not completed: {error.description or error.error}.") from error
        except (HTTPError, ValueError) as error:
            raise NoIdentity(f"{self.label} cannot be reached: {error}.") from error
        return Identity(
            f"{self.issuer} {claims['sub']}",
            str(claims.get("email", "")).strip().lower(),
            claims.get("email_verified") is True,
            str(claims.get("name", "")),
        )

    def client(self) -> OAuth2Client:
        return OAuth2Client(
            self.client_id,
            self.client_secret or None,
            scope="openid email profile",
            redirect_uri=self.callback,
            code_challenge_method="S256",
            timeout=SECONDS,
            token_endpoint_auth_method="client_secret_basic" if self.client_secret else "none",
        )

    def description(self) -> dict[str, Any]:
        """What the provider says of itself (OpenID Connect Discovery 1.0). Raise NoIdentity."""
        at, found = self.described
        if found and at > time.monotonic() - DESCRIBED_FOR:
            return found
        found = fetched(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration", self.label)
        if str(found.get("issuer", "")).rstrip("/") != self.issuer.rstrip("/"):
            raise NoIdentity(f"OIDC_ISSUER is {self.issuer}, but the provider calls itself {found.get('issuer')}.")
        missing = {"authorization_endpoint", "token_endpoint", "jwks_uri"} - set(found)
        if missing:
            raise NoIdentity(f"{self.label} does not state its {', '.join(sorted(missing))}.")
        self.issuer, self.described = str(found["issuer"]), (time.monotonic(), found)
        return found

    def keys(self) -> KeySet:
        """Asked for at each sign-in, so that a key that was changed counts at once."""
        try:
            return KeySet.import_key_set(fetched(self.description()["jwks_uri"], self.label))  # type: ignore[arg-type]
        except (JoseError, KeyError, ValueError) as error:
            raise NoIdentity(f"The keys of {self.label} cannot be read: {error}.") from error


def fetched(url: str, label: str) -> dict[str, Any]:
    """Raise NoIdentity."""
    try:
        answer = httpx.get(url, timeout=SECONDS, follow_redirects=True).raise_for_status()
        found: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise NoIdentity(f"{label} cannot be reached: {error}.") from error
    if not isinstance(found, dict):
        raise NoIdentity(f"{label} answers something else than JSON at {url}.")
    return found


def read_id_token(token: str, keys: KeySet, issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """The claims of an ID token, checked as OpenID Connect Core 3.1.3.7 says. Raise NoIdentity."""
    rules = jwt.JWTClaimsRegistry(
        leeway=CLOCKS_DIFFER,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        claims = jwt.decode(token, keys, algorithms=list(SIGNED_BY)).claims
        rules.validate(claims)
    except (JoseError, ValueError) as error:
        raise NoIdentity(f"The provider's statement cannot be believed: {error}.") from error
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several or "azp" in claims) and claims.get("azp") != client_id:
        raise NoIdentity("The provider's statement was made for another program.")
    return dict(claims)


def provider_of(settings: DashboardSettings, public_url: str) -> Provider | None:
    """None where people sign in with passwords alone."""
    if not settings.oidc_issuer:
        return None
    callback = f"{public_url}/session/identity/callback"
    secret = settings.oidc_client_secret.get_secret_value()
    return Provider(
        settings.oidc_issuer, settings.oidc_client_id, secret, callback, settings.oidc_label, settings.oidc_new_role
    )
