"""Fixtures that every floor shares."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import database, tennis
from servers import Postgres
from sqlalchemy import create_engine, text

from db.desk import Desk
from db.migrate import migrate
from db.session import OpenSession, open_database


@pytest.fixture
def open_session(tmp_path: Path) -> OpenSession:
    return database(tmp_path)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a server of our own, with a database "ready" that has every table; "" where there is none."""
    with Postgres() as server:
        if server.url:
            at(server.url, "CREATE DATABASE ready")
            made = open_database(server.url.replace("/postgres", "/ready"))
            migrate(made)
            made.engine.dispose()
        yield server.url


@pytest.fixture
def on_postgres(postgres: str) -> Iterator[OpenSession]:
    """A fresh copy of it."""
    if not postgres:
        pytest.skip("PostgreSQL is not installed")
    at(postgres, "CREATE DATABASE desk TEMPLATE ready")
    open_session = open_database(postgres.replace("/postgres", "/desk"))
    yield open_session
    open_session.engine.dispose()
    at(postgres, "DROP DATABASE desk WITH (FORCE)")


def at(url: str, order: str) -> None:
    """Outside of any transaction."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(order))
    engine.dispose()


@pytest.fixture(scope="session")
def desk() -> Desk:
    return tennis()
