"""The ground floor is tested on both databases."""

from pathlib import Path

import pytest
from builders import database

from db.session import OpenSession


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def open_session(request: pytest.FixtureRequest, tmp_path: Path) -> OpenSession:
    if request.param == "sqlite":
        return database(tmp_path)
    found: OpenSession = request.getfixturevalue("on_postgres")
    return found
