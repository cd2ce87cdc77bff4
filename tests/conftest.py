"""Fixtures that every floor shares."""

from pathlib import Path

import pytest
from builders import database, tennis

from db.desk import Desk
from db.session import OpenSession


@pytest.fixture
def open_session(tmp_path: Path) -> OpenSession:
    return database(tmp_path)


@pytest.fixture(scope="session")
def desk() -> Desk:
    return tennis()
