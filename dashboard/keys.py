"""Make an API key and print it once.

python -m dashboard.keys NAME --scope tickets:read
"""

import argparse

from sqlalchemy.exc import IntegrityError

from db import people
from db.migrate import migrate
from db.session import open_database
from db.settings import HouseSettings, WrongSetting, read_settings

SCOPES = ("tickets:read", "tickets:write", "approvals:write", "retrainings:write", "generate", "triage")


def main() -> None:
    parser = argparse.ArgumentParser(description="Make an API key; it is shown once, only its hash is kept.")
    parser.add_argument("name", help="who uses it, for instance 'statistics'")
    parser.add_argument("--scope", action="append", choices=SCOPES, help="repeat for several; default: all")
    args = parser.parse_args()
    try:
        open_session = open_database(read_settings(HouseSettings).database_url)
    except WrongSetting as problem:
        raise SystemExit(str(problem)) from None
    migrate(open_session)
    try:
        with open_session() as session:
            print(people.add_key(session, args.name, args.scope or SCOPES))
    except IntegrityError:
        raise SystemExit(f"There is a key named {args.name!r} already. Choose another name.") from None


if __name__ == "__main__":
    main()
