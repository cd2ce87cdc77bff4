"""Change the key of what is stored encrypted, while the desk runs.

python -m db.rotate             # a new key; everything stored is encrypted with it
python -m db.rotate --forget    # later: the old keys go, once nothing needs them
"""

import argparse
import secrets
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from db import desk_settings, outgoing, private_files
from db.models import Mailbox, MailboxState, Person, Webhook
from db.session import OpenSession, open_database
from db.settings import HouseSettings, WrongSetting, read_settings
from db.vault import LostKey, Vault, opens

STORED = ((Mailbox, "secrets"), (MailboxState, "token"), (Person, "totp"), (Webhook, "secret"))


class StillNeeded(Exception):
    """Something is encrypted with an older key; the message says how much of what."""


def rotate(open_session: OpenSession, folder: Path) -> int:
    """A new key before the others, then everything encrypted with it; returns how many values. Raise LostKey."""
    vault = Vault(folder)
    with open_session() as session:
        for _, value, _ in stored(session):
            vault.open(value)  # what cannot be opened is said before anything changes
    write(folder, [secrets.token_urlsafe(32), *vault.keys])
    vault = Vault(folder)
    with open_session() as session:
        values = list(stored(session))
        for _, value, put in values:
            put(vault.shut(vault.open(value)))
    return len(values)


def stored(session: Session) -> Iterator[tuple[str, str, Callable[[str], None]]]:
    """Everything encrypted: where it stands, the value, and what puts another in its place."""
    for model, name in STORED:
        for row in session.scalars(select(model)):
            if getattr(row, name):
                yield model.__tablename__, str(getattr(row, name)), partial(setattr, row, name)
    kept = desk_settings.stored(session, outgoing.NAME)
    if kept.get("password"):

        def put(value: str) -> None:
            desk_settings.store(session, outgoing.NAME, {**kept, "password": value})

        yield outgoing.NAME, str(kept["password"]), put


def forget(open_session: OpenSession, folder: Path) -> int:
    """Only the newest key stays; returns how many went. Raise StillNeeded."""
    vault = Vault(folder)
    with open_session.reading() as session:
        old = [where for where, value, _ in stored(session) if not opens(vault.keys[0], value)]
    if old:
        found = ", ".join(f"{old.count(one)} of {one}" for one in sorted(set(old)))
        raise StillNeeded(f"Still encrypted with an older key: {found}. Run python -m db.rotate again first.")
    write(folder, vault.keys[:1])
    return len(vault.keys) - 1


def write(folder: Path, keys: list[str]) -> None:
    private_files.put(folder / "vault.secret", "\n".join(keys).encode("ascii"))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--forget", action="store_true", help="let the old keys go")
    args = parser.parse_args()
    try:
        house = read_settings(HouseSettings)
        act = forget if args.forget else rotate
        count = act(open_database(house.database_url), house.var_dir)
    except (StillNeeded, LostKey, WrongSetting, SQLAlchemyError, OSError) as problem:
        raise SystemExit(f"Nothing was changed. {problem}") from None
    print(f"{count} old keys went." if args.forget else f"{count} values are encrypted with a new key.")


if __name__ == "__main__":
    main()
