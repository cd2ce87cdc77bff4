"""Bring a backup back, into an empty database: DATABASE_URL, or the one that --to names.

python -m db.restore /backups/courtdesk-20261122-031500.tar.gz
"""

import argparse
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from db.backup import CannotRestore, restore
from db.copy import CannotCopy
from db.migrate import NewerDatabase
from db.session import open_database
from db.settings import HouseSettings, WrongSetting, read_settings


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--to", default="", help="the empty database (default: DATABASE_URL)")
    args = parser.parse_args()
    try:
        house = read_settings(HouseSettings)
        counts = restore(args.file, open_database(args.to or house.database_url), house.var_dir)
    except (CannotRestore, CannotCopy, WrongSetting, NewerDatabase, SQLAlchemyError, OSError) as problem:
        raise SystemExit(f"Nothing was restored. {problem}") from None
    print(f"{counts['tickets']} tickets and {counts['mails']} mails are back.")


if __name__ == "__main__":
    main()
