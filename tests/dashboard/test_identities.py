"""Signing in with an identity provider: a real one, and statements that must not be believed."""

import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fakes import FakePreCheck
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from pages import FORM, build_app

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it still uses Authlib's own JOSE
    import oidc_provider_mock

from dashboard import oidc
from dashboard.oidc import NoIdentity, Provider, read_id_token
from db import people
from db.desk import Desk
from db.models import Person
from db.session import OpenSession
from db.vault import Vault

pytestmark = pytest.mark.filterwarnings("ignore")
CALLBACK = "http://testserver/session/identity/callback"
MIA = {"email": "mia@westpark.example", "email_verified": True, "name": "Mia Berg"}
NONE = "This sign-in was not begun here"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    users = [
        oidc_provider_mock.User(sub="mia-1", claims=dict(MIA)),
        oidc_provider_mock.User(sub="mallory", claims={**MIA, "email_verified": False}),
        oidc_provider_mock.User(sub="mia-2", claims=dict(MIA)),
        oidc_provider_mock.User(sub="new", claims={"email": "new@westpark.example", "email_verified": True, "name": "Nora"}),
    ]  # fmt: skip
    with oidc_provider_mock.run_server_in_thread(user_claims=users) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def browser(open_session: OpenSession, desk: Desk, tmp_path: Path, issuer: str) -> Iterator[TestClient]:
    app = build_app(open_session, desk, FakePreCheck([]), vault=Vault(tmp_path))
    provider = Provider(issuer, "courtdesk", "a secret", CALLBACK, "Keycloak")
    app.state.house = app.state.house.__class__(**{**app.state.house.__dict__, "provider": provider})
    with open_session() as session:
        session.add(Person(id=1, email="mia@westpark.example", password_hash=people.NO_PASSWORD))
    with TestClient(app, follow_redirects=False) as client:
        yield client


def go_and_come_back(browser: TestClient, sub: str) -> str:
    """What somebody does at the provider: the address with which the browser returns."""
    there = browser.get("/session/identity?next=/sent").headers["location"]
    answer = httpx.post(there, data={"sub": sub}, follow_redirects=False)
    return str(answer.headers["location"])


def come_back(browser: TestClient, address: str) -> httpx.Response:
    return browser.get(address.replace("http://testserver", ""))


def test_somebody_known_by_a_verified_address_is_let_in_and_known_from_then_on(
    browser: TestClient, open_session: OpenSession
) -> None:
    assert "Sign in with Keycloak" in browser.get("/session").text

    answer = come_back(browser, go_and_come_back(browser, "mia-1"))

    assert answer.headers["location"] == "/sent"
    assert browser.get("/tickets").status_code == 200
    with open_session() as session:
        person = session.get_one(Person, 1)
        assert person.identity.endswith(" mia-1")
        person.email = "mia.berg@westpark.example"  # the address may change, the identity does not
    assert come_back(browser, go_and_come_back(browser, "mia-1")).status_code == 303


def test_the_request_is_bound_to_this_browser_and_this_moment(browser: TestClient) -> None:
    asked = parse_qs(urlsplit(browser.get("/session/identity").headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [CALLBACK]
    assert asked["nonce"]

    address = go_and_come_back(browser, "mia-1")
    cookie = browser.cookies["courtdesk_identity"]
    browser.cookies.clear()
    assert NONE in come_back(browser, address).text  # another browser
    browser.cookies.set("courtdesk_identity", cookie)
    assert NONE in come_back(browser, address.replace("state=", "state=x")).text
    browser.cookies.set("courtdesk_identity", cookie)
    assert come_back(browser, address).status_code == 303
    browser.cookies.set("courtdesk_identity", cookie)
    assert come_back(browser, address).status_code == 422  # the code was used


@pytest.mark.parametrize(
    ("sub", "words"),
    [("mallory", "does not vouch for your mail address"), ("new", "Nobody here has the address new@westpark.example")],
)
def test_who_is_not_known_is_told_why(browser: TestClient, sub: str, words: str) -> None:
    answer = come_back(browser, go_and_come_back(browser, sub))

    assert answer.status_code == 422
    assert words in answer.text
    assert browser.get("/tickets").status_code == 303


def test_an_address_that_belongs_to_another_account_stays_with_it(browser: TestClient) -> None:
    come_back(browser, go_and_come_back(browser, "mia-1"))

    assert "belongs to another account" in come_back(browser, go_and_come_back(browser, "mia-2")).text


def test_new_people_come_in_where_the_desk_says_so(browser: TestClient, open_session: OpenSession) -> None:
    browser.app.state.house.provider.new_role = "viewer"  # type: ignore[attr-defined]

    assert come_back(browser, go_and_come_back(browser, "new")).status_code == 303

    with open_session.reading() as session:
        nora = people.named(session, "new@westpark.example")
        assert (nora.name, nora.role) == ("Nora", "viewer")
        with pytest.raises(people.WrongPassword):
            people.check_password(session, nora.email, people.NO_PASSWORD)


def test_a_second_factor_of_the_desk_is_asked_for_all_the_same(browser: TestClient, open_session: OpenSession) -> None:
    with open_session() as session:
        session.get_one(Person, 1).totp = "something"

    answer = come_back(browser, go_and_come_back(browser, "mia-1"))

    assert answer.status_code == 200
    assert "/session/code" in answer.text
    assert browser.get("/tickets").status_code == 303


def test_who_was_switched_off_stays_out(browser: TestClient, open_session: OpenSession) -> None:
    with open_session() as session:
        session.get_one(Person, 1).is_active = False

    assert "switched off" in come_back(browser, go_and_come_back(browser, "mia-1")).text


def test_a_provider_that_is_down_or_another_one_is_said(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = browser.app.state.house.provider  # type: ignore[attr-defined]
    provider.issuer = "http://127.0.0.1:1"
    answer = browser.get("/session/identity", headers=FORM)
    assert answer.status_code == 503
    assert "Keycloak cannot be reached" in answer.text

    monkeypatch.setattr(oidc, "fetched", lambda *_: {"issuer": "https://other.example"})
    assert "calls itself https://other.example" in browser.get("/session/identity", headers=FORM).text


def test_without_a_provider_there_is_no_button(browser: TestClient) -> None:
    browser.app.state.house = browser.app.state.house.__class__(
        **{**browser.app.state.house.__dict__, "provider": None}
    )  # type: ignore[attr-defined]

    assert "Sign in with" not in browser.get("/session").text
    assert browser.get("/session/identity", headers=FORM).status_code == 422


KEY = RSAKey.generate_key(2048, {"kid": "1"})
OTHER = RSAKey.generate_key(2048, {"kid": "1"})
GOOD = {"iss": "https://id.example", "aud": "courtdesk", "sub": "7", "nonce": "n"}


def read(changes: dict[str, object], *, key: RSAKey = KEY, alg: str = "RS256") -> dict[str, object]:
    claims = {**GOOD, "iat": int(time.time()), "exp": int(time.time()) + 300, **changes}
    claims = {name: value for name, value in claims.items() if value is not None}
    token = jwt.encode({"alg": alg, "kid": "1"}, claims, key, algorithms=[alg])
    return read_id_token(token, KeySet([KEY]), "https://id.example", "courtdesk", "n")


def test_a_good_statement_is_believed() -> None:
    assert read({})["sub"] == "7"
    assert read({"aud": ["courtdesk", "other"], "azp": "courtdesk"})["sub"] == "7"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"}, {"aud": "other"}, {"aud": ["courtdesk", "other"]}, {"azp": "other"},
        {"nonce": "old"}, {"nonce": None}, {"exp": 1}, {"exp": None}, {"sub": None}, {"iat": int(time.time()) + 900},
    ],
)  # fmt: skip
def test_other_statements_are_not(changes: dict[str, object]) -> None:
    with pytest.raises(NoIdentity):
        read(changes)


def test_neither_is_one_that_somebody_else_signed_or_nobody() -> None:
    with pytest.raises(NoIdentity):
        read({}, key=OTHER)
    for token in ("", "x.y.z", "eyJhbGciOiJub25lIn0.eyJzdWIiOiI3In0."):
        with pytest.raises(NoIdentity):
            read_id_token(token, KeySet([KEY]), "https://id.example", "courtdesk", "n")
