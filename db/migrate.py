"""Bring the database to the newest schema, or back to an older one.

python -m db.migrate
python -m db.migrate --to 0019     # for the version of the program that had this schema
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from db.session import OpenSession, open_database
from db.settings import HouseSettings, WrongSetting, read_settings


class NewerDatabase(Exception):
    """The database was made by a newer version of Courtdesk than this one."""


class BrokenReferences(Exception):
    """The database holds rows that point at nothing; the message names their tables."""


def migrate(open_session: OpenSession, to: str = "head") -> None:
    """Upgrade in place, or downgrade to an older revision: all steps or none.

    Raise NewerDatabase where this version does not know the schema, BrokenReferences where rows point at nothing.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    engine = open_session.engine.execution_options(writing=True)
    with engine.connect() as connection, references_resting(connection), connection.begin():
        config.attributes["connection"] = connection
        try:
            (command.upgrade if to == "head" else command.downgrade)(config, to)
        except CommandError as error:
            raise NewerDatabase(
                f"The database was made by a newer Courtdesk: {error}. Install that version."
            ) from error
        check_references(connection)


@contextmanager
def references_resting(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew. Dropping the old one must not take along whatever points at it.

    Foreign keys can be switched only outside of a transaction, so around the whole.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    sqlite: Any = connection.connection.driver_connection
    sqlite.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        sqlite.execute("PRAGMA foreign_keys=ON")


def check_references(connection: Connection) -> None:
    """Raise BrokenReferences where a row points at nothing; nothing has been changed then."""
    if connection.dialect.name == "sqlite":
        tables = sorted({row[0] for row in connection.exec_driver_sql("PRAGMA foreign_key_check")})
        if tables:
            raise BrokenReferences(
                f"Rows of {', '.join(tables)} point at rows that are not there. The database was left as it was: restore a backup."
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--to", default="head", help="an older schema: what newer ones have added is lost")
    to = parser.parse_args().to
    try:
        migrate(open_database(read_settings(HouseSettings).database_url), to)
    except (WrongSetting, NewerDatabase, BrokenReferences) as error:
        raise SystemExit(str(error)) from None
    print("The database has the newest schema." if to == "head" else f"The database has schema {to}.")


if __name__ == "__main__":
    main()
