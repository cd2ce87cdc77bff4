"""Mailboxes in the dashboard: an admin adds, tries and removes them; secrets are never shown."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from pages import FORM, Pages

from dashboard.deps import House
from db import mailboxes
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
