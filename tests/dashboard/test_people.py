"""Who may sit at the desk and in which role: invited, changed, shut out; keys; the trail."""

import re
import time

import pyotp
import pytest
from pages import FORM, HX, Pages

from db import people, second_factor
from db.models import Person, SignIn
from db.second_factor import WrongCode

HTML = {"Accept": "text/html"}


@pytest.fixture
def admin(pages: Pages) -> Pages:
    with pages.open_session() as session:
        session.get_one(Person, 1).role = "admin"
    return pages


def role(pages: Pages, name: str) -> None:
    with pages.open_session() as session:
        session.get_one(Person, 1).role = name


def link_in(page: str) -> str:
    found = re.search(r"/invitation/[\w-]+", page)
    assert found is not None
    return found[0]


def test_somebody_new_chooses_a_password_with_a_link_that_counts_once(admin: Pages) -> None:
    form = {"email": "Jana@westpark.example", "name": "Jana", "role": "lead"}
    link = link_in(admin.client.post("/people", data=form, headers=FORM).text)

    assert "jana@westpark.example" in admin.stranger.get(link).text
    weak = admin.stranger.post(link, data={"password": "password123"}, headers=HX)
    assert (weak.status_code, "Choose another password" in weak.text) == (422, True)
    assert admin.stranger.post(link, data={"password": "seven green courts"}, headers=FORM).status_code == 303
    assert admin.stranger.post(link, data={"password": "seven green courts"}, headers=HX).status_code == 422
    signed_in = admin.stranger.post(
        "/session", data={"email": "jana@westpark.example", "password": "seven green courts"}, headers=FORM
    )
    assert signed_in.headers["location"] == "/tickets"


def test_who_may_no_longer_sign_in_is_out_at_once(admin: Pages) -> None:
    with admin.open_session() as session:
        session.add(Person(id=2, email="jana@westpark.example", password_hash="x"))
        session.flush()
        session.add(SignIn(token_hash=people.digest("jana"), person_id=2))
    admin.stranger.cookies.set("courtdesk", "jana")
    assert admin.stranger.get("/tickets").status_code == 200

    admin.client.post("/people/2", data={"role": "agent"}, headers=FORM)

    assert admin.stranger.get("/tickets").status_code == 303


def test_the_last_admin_stays(admin: Pages) -> None:
    answer = admin.client.post("/people/1", data={"role": "agent", "is_active": "on"}, headers=HX)

    assert (answer.status_code, "last admin" in answer.text) == (422, True)
    assert admin.client.post("/people/1", data={"role": "king", "is_active": "on"}, headers=HX).status_code == 422
    assert admin.client.post("/people/99", data={"role": "agent"}, headers=HX).status_code == 404


@pytest.mark.parametrize("path", ["/people", "/api-keys", "/mailboxes"])
@pytest.mark.parametrize("name", ["lead", "agent", "viewer"])
def test_only_an_admin_opens_what_belongs_to_admins(pages: Pages, name: str, path: str) -> None:
    role(pages, name)

    assert pages.client.get(path, headers=HTML).status_code == 403
    assert path not in pages.client.get("/tickets").text


@pytest.mark.parametrize(("name", "status"), [("admin", 200), ("lead", 200), ("agent", 403), ("viewer", 403)])
def test_the_trail_is_read_by_leads(pages: Pages, name: str, status: int) -> None:
    role(pages, name)

    assert pages.client.get("/trail", headers=HTML).status_code == status


def test_a_viewer_looks_at_everything_and_decides_nothing(pages: Pages) -> None:
    role(pages, "viewer")

    assert pages.client.get("/tickets/1").status_code == 200
    for path in ("/tickets/1/approval", "/tickets/1/notes", "/tickets/1/edit", "/bulk", "/tickets", "/canned-replies"):
        answer = pages.client.post(path, data=pages.form(text="x"), headers=HX)
        assert (answer.status_code, "look at everything" in answer.text) == (403, True), path
    assert pages.client.post("/tickets/1/presence", data={}, headers=HX).status_code == 200
    assert pages.client.post("/me", data={"name": "V"}, headers=FORM).status_code == 303
    assert pages.ticket().status == "in_review"


def test_a_key_is_shown_once_used_and_revoked(admin: Pages) -> None:
    made = admin.client.post("/api-keys", data={"name": "stats", "scope": ["tickets:read"]}, headers=FORM).text
    key = re.search(r"cd_[\w-]+", made)
    assert key is not None
    bearer = {"Authorization": f"Bearer {key[0]}"}

    assert admin.stranger.get("/api/tickets", headers=bearer).status_code == 200
    page = admin.client.get("/api-keys").text
    assert key[0] not in page
    assert "never" not in page
    again = admin.client.post("/api-keys", data={"name": "stats", "scope": ["tickets:read"]}, headers=HX)
    assert (again.status_code, "already" in again.text) == (422, True)
    assert admin.client.post("/api-keys", data={"name": "x", "scope": ["all"]}, headers=HX).status_code == 422

    admin.client.post("/api-keys/1/end", headers=FORM)
    assert admin.stranger.get("/api/tickets", headers=bearer).status_code == 401


def test_the_trail_is_filtered_and_pages_on(admin: Pages) -> None:
    admin.client.post("/tickets/1/notes", data={"text": "one"}, headers=FORM)
    admin.client.post("/tickets/1/tags", data={"tag": "vip"}, headers=FORM)

    page = admin.client.get("/trail?actor=mia&what=tags&ticket=1").text
    assert "+vip" in page
    assert "noted" not in page.split("<tbody>")[1]
    assert "Nothing fits" in admin.client.get("/trail?since=2001-01-01&until=2001-01-02").text
    assert admin.client.get("/trail?since=yesterday", headers=HTML).status_code == 422
    assert "Nothing fits" in admin.client.get("/trail?before=1").text


def enrolled(pages: Pages) -> pyotp.TOTP:
    """Set up as a person does it, with an app that reads the secret off the page."""
    page = pages.client.get("/me/second-factor").text
    secret = re.search(r'<code class="once">(\w+)</code>', page)
    offered = re.search(r'name="offered" value="([^"]+)"', page)
    assert secret is not None
    assert offered is not None
    assert 'src="data:image/svg+xml' in page
    app = pyotp.TOTP(secret[1])
    wrong = pages.client.post("/me/second-factor", data={"offered": offered[1], "code": "000000"}, headers=HX)
    assert wrong.status_code == 422
    done = pages.client.post("/me/second-factor", data={"offered": offered[1], "code": app.now()}, headers=FORM)
    assert done.headers["location"] == "/me"
    return app


def test_the_second_factor_is_asked_for_and_a_code_counts_once(pages: Pages) -> None:
    app = enrolled(pages)
    with pages.open_session() as session:
        person = session.get_one(Person, 1)
        assert app.secret not in person.totp  # it is stored sealed
        person.totp_last -= 5  # some time passes
    password = {"email": "mia@westpark.example", "password": "correct horse"}

    page = pages.stranger.post("/session", data=password, headers=FORM)
    assert (page.status_code, "set-cookie" in page.headers) == (200, False)
    half = re.search(r'name="half" value="([^"]+)"', page.text)
    assert half is not None
    for wrong in ("000000", "abc", ""):
        answer = pages.stranger.post("/session/code", data={"half": half[1], "code": wrong}, headers=FORM)
        assert answer.status_code == 422
    code = app.now()
    let_in = pages.stranger.post("/session/code", data={"half": half[1], "code": code}, headers=FORM)
    assert let_in.headers["location"] == "/tickets"
    again = pages.stranger.post("/session/code", data={"half": half[1], "code": code}, headers=FORM)
    assert again.status_code == 422
    assert pages.stranger.post("/session/code", data={"half": "forged", "code": code}, headers=HX).status_code == 422


def test_a_second_factor_is_given_up_with_the_password_alone(pages: Pages) -> None:
    enrolled(pages)

    assert pages.client.post("/me/second-factor/end", data={"password": "wrong"}, headers=HX).status_code == 422
    pages.client.post("/me/second-factor/end", data={"password": "correct horse"}, headers=FORM)

    assert "Set it up" in pages.client.get("/me").text


def test_guessing_is_slowed_down(pages: Pages) -> None:
    wrong = {"email": "mia@westpark.example", "password": "wrong"}
    for _ in range(5):
        assert pages.stranger.post("/session", data=wrong, headers=FORM).status_code == 422

    answer = pages.stranger.post("/session", data={**wrong, "password": "correct horse"}, headers=FORM)

    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 60
    other = {"email": "jana@westpark.example", "password": "wrong"}
    assert pages.stranger.post("/session", data=other, headers=FORM).status_code == 422


@pytest.mark.parametrize(
    "next_", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:1", "/session"]
)
def test_signing_in_leads_nowhere_else(pages: Pages, next_: str) -> None:
    form = {"email": "mia@westpark.example", "password": "correct horse", "next": next_}

    assert pages.stranger.post("/session", data=form, headers=FORM).headers["location"] == "/tickets"


def test_signing_in_leads_back_to_where_one_was(pages: Pages) -> None:
    form = {"email": "mia@westpark.example", "password": "correct horse", "next": "/tickets/1?view=mine"}

    assert pages.stranger.post("/session", data=form, headers=FORM).headers["location"] == "/tickets/1?view=mine"


def test_a_code_of_the_step_before_counts_and_an_old_one_does_not() -> None:
    secret = second_factor.offer()
    app = pyotp.TOTP(secret)
    now = time.time()

    assert second_factor.step_of(secret, app.at(now - 30), 0) == int(now) // 30 - 1
    with pytest.raises(WrongCode):
        second_factor.step_of(secret, app.at(now - 90), 0)


def test_a_role_that_must_have_a_second_factor_sees_only_where_it_is_set_up(admin: Pages) -> None:
    assert (
        admin.client.post("/desk-settings/second-factor", data={"role": ["admin", "king"]}, headers=FORM).status_code
        == 303
    )

    for path in ("/tickets", "/desk-settings", "/people"):
        assert admin.client.get(path, headers=FORM).headers["location"] == "/me/second-factor"
    moved = admin.client.post("/tickets/1/dismissal", data={"seen": "2"}, headers=HX)
    assert (moved.status_code, moved.headers["hx-redirect"]) == (204, "/me/second-factor")
    assert admin.client.get("/api/tickets").status_code == 403
    assert admin.ticket().status == "in_review"
    assert admin.client.get("/me/second-factor", headers=FORM).status_code == 200

    with admin.open_session() as session:
        assert second_factor.demanded_of(session) == ["admin"]
        session.get_one(Person, 1).totp = "sealed"
    assert admin.client.get("/tickets", headers=FORM).status_code == 200
    with admin.open_session() as session:
        session.get_one(Person, 1).totp = ""
        session.get_one(Person, 1).role = "agent"
    assert admin.client.get("/tickets", headers=FORM).status_code == 200
