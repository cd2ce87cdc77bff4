"""Save a desk while it runs: one file with every row, the keys in `var/`, and the adapters that were trained here.

    python -m db.backup --out /backups --keep 14
    python -m db.restore /backups/courtdesk-20261122-031500.tar.gz

The file holds every mail and every key: keep it where nobody else reads. Whatever database the desk has, the rows lie in
it as SQLite, so that a backup can also be restored into another kind.
"""

import argparse
import os
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.exc import SQLAlchemyError

from db import private_files
from db.copy import CannotCopy, copy
from db.migrate import NewerDatabase
from db.session import OpenSession, open_database
from db.settings import HouseSettings, WrongSetting, read_settings

ROWS, SECRETS, ADAPTERS = "desk.db", "secrets", "adapters"
PATTERN = "courtdesk-????????-??????.tar.gz"


class CannotRestore(Exception):
    """The file is no backup, or something stands in its way; nothing was changed. The message says what to do."""


def backup(source: OpenSession, var: Path, out: Path) -> Path:
    """Write the desk as it is now; returns the file, which is there as a whole or not at all. Raise CannotCopy, OSError."""
    out.mkdir(parents=True, exist_ok=True)
    done = out / f"courtdesk-{datetime.now(UTC):%Y%m%d-%H%M%S}.tar.gz"
    with TemporaryDirectory(dir=out, prefix=".courtdesk-") as folder:
        rows, packed = Path(folder) / ROWS, Path(folder) / done.name
        saved = open_database(f"sqlite:///{rows}")
        copy(source, saved, tell=lambda _: None)
        saved.engine.dispose()
        with packed.open("wb") as file, tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as tar:
            tar.add(rows, ROWS)
            for path, name in keys_and_adapters(var):
                tar.add(path, name)
        packed.chmod(0o600)
        with packed.open("rb") as written:
            os.fsync(written.fileno())
        packed.replace(done)
    return done


def keys_and_adapters(var: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(var.glob("*.secret")):
        yield path, f"{SECRETS}/{path.name}"
    for path in sorted((var / ADAPTERS).rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path, f"{ADAPTERS}/{path.relative_to(var / ADAPTERS)}"


def thin_out(out: Path, keep: int) -> list[Path]:
    """Delete all backups in that folder but the newest; returns those that went."""
    gone = sorted(out.glob(PATTERN))[:-keep]
    for path in gone:
        path.unlink()
    return gone


def restore(file: Path, target: OpenSession, var: Path) -> dict[str, int]:
    """Into an empty database; returns how many rows each table has. Raise CannotRestore, CannotCopy."""
    with TemporaryDirectory(prefix="courtdesk-") as folder:
        found = Path(folder)
        try:
            with tarfile.open(file) as tar:
                tar.extractall(found, filter="data")
        except (OSError, tarfile.TarError, EOFError) as problem:
            raise CannotRestore(f"{file} cannot be read as a backup: {problem}.") from problem
        if not (found / ROWS).is_file():
            raise CannotRestore(f"{file} is no backup of a desk: {ROWS} is not in it.")
        wanted = [
            (path, (var if part == SECRETS else var / ADAPTERS) / path.relative_to(found / part))
            for part in (SECRETS, ADAPTERS)
            for path in sorted((found / part).rglob("*"))
            if path.is_file()
        ]
        other = [there for path, there in wanted if there.exists() and there.read_bytes() != path.read_bytes()]
        if other:
            raise CannotRestore(
                f"{', '.join(map(str, other))} differ from those of the backup: what it holds was encrypted with its own. Move them away first."
            )
        saved = open_database(f"sqlite:///{found / ROWS}")
        counts = copy(saved, target, tell=lambda _: None)
        saved.engine.dispose()
        for path, there in wanted:
            put(path, there)
    return counts


def put(path: Path, there: Path) -> None:
    if not there.exists():
        private_files.put(there, path.read_bytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of the backups")
    parser.add_argument("--keep", type=int, default=0, help="delete all but so many, the newest (default: none)")
    args = parser.parse_args()
    try:
        house = read_settings(HouseSettings)
        done = backup(open_database(house.database_url), house.var_dir, args.out)
    except (CannotCopy, WrongSetting, NewerDatabase, SQLAlchemyError, OSError) as problem:
        raise SystemExit(f"No backup was made. {problem}") from None
    print(f"{done}: {done.stat().st_size / 1e6:.1f} MB")
    if args.keep > 0:
        for path in thin_out(args.out, args.keep):
            print(f"{path} went")


if __name__ == "__main__":
    main()
