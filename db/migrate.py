"""Bring the database to the newest schema.

python -m db.migrate
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError

from db.session import OpenSession, open_database
from db.settings import HouseSettings, WrongSetting, read_settings


class NewerDatabase(Exception):
    """The database was made by a newer version of Courtdesk than this one."""


def migrate(open_session: OpenSession) -> None:
    """Upgrade in place; raise NewerDatabase where this version does not know the schema."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with open_session.engine.connect().execution_options(writing=True) as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise NewerDatabase(
                f"The database was made by a newer Courtdesk: {error}. Install that version."
            ) from error
        connection.commit()


def main() -> None:
    try:
        migrate(open_database(read_settings(HouseSettings).database_url))
    except (WrongSetting, NewerDatabase) as error:
        raise SystemExit(str(error)) from None
    print("The database has the newest schema.")


if __name__ == "__main__":
    main()
