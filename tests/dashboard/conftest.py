"""A desk with pages, on a real database, with a fake pre-check."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import FakePreCheck
from fastapi.testclient import TestClient
from pages import PLAN, Pages, build_app, put_ticket

from db import people
from db.desk import Desk
from db.models import Person, SignIn
from db.session import OpenSession
from db.vault import Vault

HASHED = people.HASHER.hash("correct horse")  # once: a good hash is slow


@pytest.fixture
def pages(open_session: OpenSession, desk: Desk, tmp_path: Path) -> Iterator[Pages]:
    pre_check = FakePreCheck([PLAN])
    app = build_app(open_session, desk, pre_check, vault=Vault(tmp_path))
    with open_session() as session:
        session.add(Person(id=1, email="mia@westpark.example", password_hash=HASHED, role="agent"))
        session.flush()
        session.add(SignIn(token_hash=people.digest("token"), person_id=1))
        put_ticket(session)
    with TestClient(app, follow_redirects=False) as client, TestClient(app, follow_redirects=False) as stranger:
        client.cookies.set("courtdesk", "token")
        yield Pages(client, stranger, open_session, pre_check)
