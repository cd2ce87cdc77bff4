"""Mailboxes in the dashboard: an admin adds, tries and removes them; secrets are never shown."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from pages import FORM, Pages

from dashboard.deps import House
from db import mailboxes, outgoing
from db.models import Person
from db.vault import Vault

NEW = {"host": "imap.club.example", "port": "993", "user": "info", "security": "tls", "folder": "INBOX", "auth": "password", "password": "s3cret", "afterwards": ""}  # fmt: skip


@dataclass
class FakeOffice:
    came_back: list[str] = field(default_factory=list)

    def names(self, mailbox_id: int) -> list[str]:
        return [f"box {mailbox_id}"]

    def problem_of(self, stated: dict[str, object]) -> str:
        return "" if stated["host"] else "host is missing"

    def tried(self, mailbox_id: int) -> tuple[bool, str]:
        return False, "imap.club.example refuses user info or the password."

    def consent_url(self, mailbox_id: int) -> str:
        return f"https://provider.example/consent?box={mailbox_id}"

    def consented(self, came_back: str, state: str) -> str:
        self.came_back.append(state)
        return "" if state == "known" else "This sign-in was not begun here."


@pytest.fixture
def office(pages: Pages, tmp_path: Path) -> FakeOffice:
    made = FakeOffice()
    app = pages.client.app
    house: House = app.state.house  # type: ignore[attr-defined]
    app.state.house = replace(house, mail_office=made, vault=Vault(tmp_path))  # type: ignore[attr-defined]
    with pages.open_session() as session:
        person = session.get(Person, 1)
        assert person is not None
        person.role = "admin"
    return made


def test_a_mailbox_is_added_tried_and_removed(pages: Pages, office: FakeOffice) -> None:
    assert pages.client.post("/mailboxes", data=NEW, headers=FORM).headers["location"] == "/mailboxes"
    with pages.open_session() as session:
        (row,) = mailboxes.everyone(session)
        assert "s3cret" not in row.secrets
        mailboxes.report(session, "box 1", "failing", "It refuses us.", sign_in=True)

    page = pages.client.get("/mailboxes").text
    assert "info at imap.club.example" in page
    assert "s3cret" not in page
    assert "Mail does not arrive." in pages.client.get("/tickets").text  # on every page
    assert "refuses user info or the password" in pages.client.post("/mailboxes/1/trial", headers=FORM).text

    pages.client.post("/mailboxes/1/removal", headers=FORM)
    with pages.open_session.reading() as session:
        assert mailboxes.everyone(session) == []


def test_unusable_settings_are_refused_with_the_reason(pages: Pages, office: FakeOffice) -> None:
    answer = pages.client.post("/mailboxes", data={**NEW, "host": ""}, headers=FORM)

    assert answer.status_code == 422
    assert "host is missing" in answer.text


def test_consent_goes_to_the_provider_and_back(pages: Pages, office: FakeOffice) -> None:
    there = pages.client.post("/mailboxes/1/consent", headers=FORM)
    assert there.headers["location"] == "https://provider.example/consent?box=1"

    assert pages.client.get("/mailboxes/consent?code=c&state=known").headers["location"] == "/mailboxes"
    assert pages.client.get("/mailboxes/consent?code=c&state=other").status_code == 422
    assert office.came_back == ["known", "other"]


def test_only_an_admin_sees_mailboxes(pages: Pages, office: FakeOffice) -> None:
    with pages.open_session() as session:
        person = session.get(Person, 1)
        assert person is not None
        person.role = "agent"

    assert pages.client.get("/mailboxes").status_code == 403
    assert pages.client.post("/mailboxes", data=NEW, headers=FORM).status_code == 403
    assert ">Mailboxes<" not in pages.client.get("/tickets").text
    assert pages.stranger.get("/mailboxes").headers["location"] == "/session"


@dataclass
class FakeSending:
    is_set: bool = False
    sender: str = ""

    def problem_of(self, stated: dict[str, str]) -> str:
        return "" if stated["host"] else "host is missing"

    def tried(self, to: str) -> tuple[bool, str]:
        return True, f"A mail to {to} was handed over."


OUT = {
    "host": "smtp.club.example",
    "port": "",
    "user": "office",
    "password": "s3cret",
    "security": "tls",
    "sender": "office@club.example",
}


@pytest.fixture
def sending(pages: Pages, office: FakeOffice) -> FakeSending:
    made = FakeSending()
    app = pages.client.app
    app.state.house = replace(app.state.house, sending=made)  # type: ignore[attr-defined]
    return made


def test_the_server_for_replies_is_named_tried_and_removed(pages: Pages, sending: FakeSending, tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    assert "signed replies wait until there is one" in pages.client.get("/mailboxes").text
    assert pages.client.post("/outgoing", data=OUT, headers=FORM).status_code == 303
    pages.client.post("/outgoing", data={**OUT, "password": "", "sender": "info@club.example"}, headers=FORM)
    sending.sender = "info@club.example"

    page = pages.client.get("/mailboxes").text
    assert "By smtp.club.example, as info@club.example." in page
    assert "s3cret" not in page
    with pages.open_session.reading() as session:
        assert outgoing.stated(session, vault)["password"] == "s3cret"  # an empty field left it as it was
    assert "A mail to mia@westpark.example was handed over" in pages.client.post("/outgoing/trial", headers=FORM).text

    pages.client.post("/outgoing", data={**OUT, "password": "", "host": "evil.example"}, headers=FORM)
    with pages.open_session.reading() as session:
        assert outgoing.stated(session, vault)["password"] == ""  # and never goes to another server
    pages.client.post("/outgoing/removal", headers=FORM)
    with pages.open_session.reading() as session:
        assert outgoing.shown(session) == {}


def test_the_server_of_the_settings_stays(pages: Pages, sending: FakeSending) -> None:
    sending.is_set, sending.sender = True, "office@club.example"

    assert "Name the server" not in pages.client.get("/mailboxes").text
    assert "SMTP_HOST names the server already" in pages.client.post("/outgoing", data=OUT, headers=FORM).text
    sending.is_set = False
    assert "host is missing" in pages.client.post("/outgoing", data={**OUT, "host": ""}, headers=FORM).text


def test_the_first_steps_say_how_far_a_desk_has_come(pages: Pages, office: FakeOffice) -> None:
    page = pages.client.get("/first-steps").text
    assert 'id="step-draft"' in page
    assert 'class="first-step is-done" id="step-draft"' in page  # of the ticket in review
    assert 'class="first-step" id="step-signed"' in page
    assert 'href="/tickets/1"' in page

    with pages.open_session() as session:
        session.get_one(Person, 1).role = "lead"
    assert pages.client.get("/first-steps", headers=FORM).status_code == 403
