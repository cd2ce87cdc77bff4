"""Bring the database to the newest schema, or back to an older one.

python -m db.migrate
python -m db.migrate --to 0019     # for the version of the program that had this schema
"""

import argparse
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError

from db.session import OpenSession, open_database
from db.settings import HouseSettings, WrongSetting, read_settings


class NewerDatabase(Exception):
    """The database was made by a newer version of Courtdesk than this one."""


def migrate(open_session: OpenSession, to: str = "head") -> None:
    """Upgrade in place, or downgrade to an older revision; raise NewerDatabase where this version does not know the schema."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with open_session.engine.connect().execution_options(writing=True) as connection:
        config.attributes["connection"] = connection
        try:
            (command.upgrade if to == "head" else command.downgrade)(config, to)
        except CommandError as error:
            raise NewerDatabase(
                f"The database was made by a newer Courtdesk: {error}. Install that version."
            ) from error
        connection.commit()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--to", default="head", help="an older schema: what newer ones have added is lost")
    to = parser.parse_args().to
    try:
        migrate(open_database(read_settings(HouseSettings).database_url), to)
    except (WrongSetting, NewerDatabase) as error:
        raise SystemExit(str(error)) from None
    print("The database has the newest schema." if to == "head" else f"The database has schema {to}.")


if __name__ == "__main__":
    main()
