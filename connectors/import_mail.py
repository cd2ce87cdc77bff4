"""Old mail becomes tickets: an mbox, a Maildir, or a folder of `.eml` files.

    python -m connectors.import_mail ~/archive.mbox
    python -m connectors.import_mail ~/Maildir --closed       # as history: nothing of it is drafted

Every mail goes the way of live mail: stored raw, then read, then put into its thread. A mail that is here already is
passed over, so the same command again goes on after a stop and imports nothing twice.
"""

import argparse
import mailbox
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import func, select
from tqdm import tqdm

from connectors.intake import Parser, key_of, read_next
from connectors.reading import Reader
from connectors.settings import MailSettings
from db import mails, tickets
from db.lifecycle import PROGRAM, Status
from db.migrate import NewerDatabase, migrate
from db.models import Mail, Ticket
from db.session import OpenSession, open_database
from db.settings import HouseSettings, WrongSetting, read_settings

TOGETHER = 100  # mails stored in one transaction


class NoMail(Exception):
    """There is nothing at that place that could be imported; the message says what would be."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path, help="an mbox file, a Maildir, or a folder of .eml files")
    parser.add_argument("--mailbox", default="", help="whose mail it is (default: the configured mailbox)")
    parser.add_argument("--closed", action="store_true", help="take the tickets as done: nothing is drafted")
    args = parser.parse_args()
    settings, house = read_settings(MailSettings), read_settings(HouseSettings)
    open_session = open_database(house.database_url)
    migrate(open_session)
    name = args.mailbox or (settings.folders[0].name if settings.host else "import")
    reader = Reader()
    try:
        new, known, read = import_all(open_session, raws_at(args.path), name, reader, settings, closed=args.closed)
    finally:
        reader.stop()
    with open_session.reading() as session:
        broken = mails.unreadable_count(session)
    print(f"{new} mails imported, {known} were here already, {read} read. Unreadable in all: {broken}.")


def raws_at(path: Path) -> Iterator[bytes]:
    """The mails at that place, one after the other, in a stable order. Raise NoMail."""
    if path.is_file():
        with path.open("rb") as file:
            start = file.read(5)
        if start != b"From ":
            raise NoMail(f"{path} is no mbox: its first line does not begin with 'From '.")
        return in_mbox(path)
    if (path / "cur").is_dir() or (path / "new").is_dir():
        files = sorted(file for part in ("cur", "new") for file in (path / part).glob("*") if file.is_file())
        return (file.read_bytes() for file in files)
    files = sorted(path.rglob("*.eml")) if path.is_dir() else []
    if not files:
        raise NoMail(
            f"{path} holds no mail: name an mbox file, a Maildir (with cur/ and new/), or a folder of .eml files."
        )
    return (file.read_bytes() for file in files)


def in_mbox(path: Path) -> Iterator[bytes]:
    with closing(mailbox.mbox(str(path), create=False)) as box:
        yield from (box.get_bytes(key) for key in box.iterkeys())


def import_all(
    open_session: OpenSession, raws: Iterator[bytes], name: str, parse: Parser, settings: MailSettings, *, closed: bool
) -> tuple[int, int, int]:
    """How many were new, how many known, and how many were read (those of an earlier, stopped import too)."""
    new = known = 0
    batch: list[bytes] = []
    with tqdm(unit="mail", desc="storing") as bar:
        for raw in raws:
            batch.append(raw)
            if len(batch) == TOGETHER:
                stored = store(open_session, batch, name)
                new, known, batch = new + stored, known + len(batch) - stored, []
                bar.update(TOGETHER)
        stored = store(open_session, batch, name)
        new, known = new + stored, known + len(batch) - stored
        bar.update(len(batch))
    before = newest_ticket(open_session)
    with open_session.reading() as session:
        waiting = session.scalar(select(func.count()).select_from(Mail).where(Mail.read.is_(False))) or 0
    with tqdm(total=waiting, unit="mail", desc="reading") as bar:
        while read_next(open_session, parse, settings):
            with open_session.reading() as session:
                left = session.scalar(select(func.count()).select_from(Mail).where(Mail.read.is_(False))) or 0
            if closed:
                close_since(open_session, before)
            bar.update(waiting - left - bar.n)
    return new, known, waiting


def store(open_session: OpenSession, raws: list[bytes], name: str) -> int:
    with open_session() as session:
        kept = mails.store_all(session, [(raw, key_of(name, raw)) for raw in raws], mailbox=name)
    return sum(mail is not None for mail in kept)


def newest_ticket(open_session: OpenSession) -> int:
    with open_session.reading() as session:
        return session.scalar(select(func.max(Ticket.id))) or 0


def close_since(open_session: OpenSession, before: int) -> None:
    with open_session() as session:
        fresh = select(Ticket).where(Ticket.id > before, Ticket.status == Status.RECEIVED)
        for ticket in session.scalars(fresh).all():
            tickets.move(
                session, ticket, Status.DISMISSED, actor=PROGRAM, seen=ticket.version, note="imported as history"
            )


if __name__ == "__main__":
    try:
        main()
    except (NoMail, WrongSetting, NewerDatabase) as problem:
        raise SystemExit(str(problem)) from None
