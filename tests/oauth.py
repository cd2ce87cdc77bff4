"""A real OAuth2 server for tests, of Authlib's own parts: codes with PKCE, refresh tokens, client credentials, introspection.

Tokens can be made short-lived or revoked; what was issued is counted.
"""

import contextlib
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7636 import CodeChallenge
from flask import Flask, jsonify, request
from servers import free_port
from werkzeug.serving import make_server


@dataclass
class Client:
    """Authlib's protocol of a client: one that may do everything."""

    client_id: str
    secret: str

    def check_client_secret(self, secret: str) -> bool:
        return secrets.compare_digest(secret, self.secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_post"

    def check_redirect_uri(self, uri: str) -> bool:
        return True

    def check_response_type(self, kind: str) -> bool:
        return kind == "code"

    def check_grant_type(self, kind: str) -> bool:
        return True

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def get_default_redirect_uri(self) -> str:
        return ""


@dataclass
class Code:
    code: str
    user: str
    redirect_uri: str
    scope: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


@dataclass
class Refresh:
    refresh_token: str
    user: str

    def check_client(self, client: Client) -> bool:
        return True

    def get_scope(self) -> str:
        return "mail"


@dataclass
class OAuthServer:
    """`life`: seconds of an access token. `user`: who signs in, and whose the client's own tokens are."""

    user: str = "office"
    life: int = 3600
    port: int = field(default_factory=free_port)
    issued: list[str] = field(default_factory=list)  # the grant of each token, in order
    valid: dict[str, float] = field(default_factory=dict)  # access token → when it ends
    codes: dict[str, Code] = field(default_factory=dict)
    refreshes: dict[str, Refresh] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def revoke_everything(self) -> None:
        self.valid.clear()
        self.refreshes.clear()

    def save(self, token: dict[str, Any], asked: Any) -> None:
        self.issued.append(asked.payload.grant_type)
        self.valid[token["access_token"]] = time.time() + self.life
        if "refresh_token" in token:
            self.refreshes[token["refresh_token"]] = Refresh(token["refresh_token"], self.user)

    def app(self) -> Flask:
        server = self
        app = Flask("oauth")
        app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {
            name: self.life for name in ("authorization_code", "client_credentials", "refresh_token")
        }
        app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
        client = Client("desk", "desk-secret")
        issuer = AuthorizationServer(
            app, query_client=lambda name: client if name == "desk" else None, save_token=self.save
        )

        class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
            TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = ["client_secret_post"]

            def save_authorization_code(self, code: str, asked: Any) -> None:
                data = asked.payload.data
                server.codes[code] = Code(
                    code,
                    server.user,
                    asked.payload.redirect_uri,
                    asked.payload.scope or "",
                    data.get("code_challenge", ""),
                    data.get("code_challenge_method", ""),
                )

            def query_authorization_code(self, code: str, client: Client) -> Code | None:
                return server.codes.get(code)

            def delete_authorization_code(self, code: Code) -> None:
                server.codes.pop(code.code, None)

            def authenticate_user(self, code: Code) -> str:
                return code.user

        class RefreshGrant(grants.RefreshTokenGrant):  # type: ignore[misc]
            TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = ["client_secret_post"]

            def authenticate_refresh_token(self, token: str) -> Refresh | None:
                return server.refreshes.get(token)

            def authenticate_user(self, refresh: Refresh) -> str:
                return refresh.user

            def revoke_old_credential(self, refresh: Refresh) -> None:
                return None

        class OwnGrant(grants.ClientCredentialsGrant):  # type: ignore[misc]
            TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = ["client_secret_post"]

        issuer.register_grant(CodeGrant, [CodeChallenge(required=True)])
        issuer.register_grant(RefreshGrant)
        issuer.register_grant(OwnGrant)

        @app.get("/authorize")
        def authorize() -> Any:
            grant = issuer.get_consent_grant(end_user=server.user)
            return issuer.create_authorization_response(grant_user=server.user, grant=grant)

        @app.post("/token")
        def token() -> Any:
            return issuer.create_token_response()

        @app.get("/introspect")
        def introspect() -> Any:
            """As Dovecot asks: with the token as bearer."""
            shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if server.valid.get(shown, 0) < time.time():
                return jsonify({"error": "invalid_token"}), 401
            return jsonify({"active": True, "username": server.user})

        return app


@contextlib.contextmanager
def oauth_server(**settings: Any) -> Iterator[OAuthServer]:
    made = OAuthServer(**settings)
    running = make_server("127.0.0.1", made.port, made.app(), threaded=True)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield made
    running.shutdown()
    running.server_close()
    thread.join(5)
