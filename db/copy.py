"""Move a desk from one database to another: every row, in one transaction, into an empty one.

    python -m db.copy --to postgresql+psycopg://desk:secret@localhost/desk

Stop the desk first: what comes while it copies stays behind. `var/` goes along with the program as it is; it holds the
keys of what is stored encrypted. The old database is only read.
"""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from alembic.migration import MigrationContext
from sqlalchemy import Connection, Integer, Table, func, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from db.migrate import NewerDatabase, migrate
from db.models import Base
from db.session import OpenSession, open_database
from db.settings import HouseSettings, WrongSetting, read_settings

AT_ONCE = 200  # rows, raw mails among them
OF_THE_MOMENT = ("leases", "presences")  # who does what just now: not of another program


class CannotCopy(Exception):
    """One of the databases is not as it must be; nothing was written. The message says what to do."""


def copy(source: OpenSession, target: OpenSession, tell: Callable[[str], None] = print) -> dict[str, int]:
    """Returns how many rows each table has. Raise CannotCopy."""
    migrate(target)
    with one_moment(source) as reading, target.engine.connect().execution_options(writing=True) as writing:
        ours, theirs = version_of(reading), version_of(writing)
        if ours != theirs:
            raise CannotCopy(
                f"The old database has schema {ours or 'none'}, this program {theirs}. Start the desk on it once with this version, then stop it."
            )
        full = [table.name for table in Base.metadata.sorted_tables if counted(writing, table)]
        if full:
            raise CannotCopy(f"The new database is not empty: {', '.join(full)}. Choose an empty one.")
        found = {}
        for table in Base.metadata.sorted_tables:
            if table.name not in OF_THE_MOMENT:
                found[table.name] = copied(reading, writing, table)
                tell(f"{table.name}: {found[table.name]}")
        for table in Base.metadata.sorted_tables:
            go_on_behind(writing, table)
        wrong = [name for name, count in found.items() if counted(writing, Base.metadata.tables[name]) != count]
        if wrong:
            raise CannotCopy(f"Not every row arrived: {', '.join(wrong)}. Nothing was kept.")
        writing.commit()
    return found


def one_moment(source: OpenSession) -> Connection:
    """All that is read through it is of the moment at which it began, whatever is written meanwhile."""
    is_postgres = source.engine.dialect.name == "postgresql"
    return source.engine.connect().execution_options(**({"isolation_level": "REPEATABLE READ"} if is_postgres else {}))


def version_of(connection: Connection) -> str:
    return MigrationContext.configure(connection).get_current_revision() or ""


def counted(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def copied(reading: Connection, writing: Connection, table: Table) -> int:
    count = 0
    rows = reading.execution_options(yield_per=AT_ONCE).execute(select(table).order_by(*table.primary_key))
    for some in rows.mappings().partitions():
        writing.execute(insert(table), [bearable(row) for row in some])
        count += len(some)
    return count


def bearable(row: Mapping[Any, Any]) -> dict[str, Any]:
    """PostgreSQL bears no NUL in text."""
    return {str(name): without_nul(value) for name, value in row.items()}


def without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [without_nul(one) for one in value]
    if isinstance(value, dict):
        return {without_nul(name): without_nul(one) for name, one in value.items()}
    return value


def go_on_behind(connection: Connection, table: Table) -> None:
    """The numbers that the database gives out next come behind those that were copied."""
    key = next(iter(table.primary_key))
    if connection.dialect.name == "postgresql" and isinstance(key.type, Integer) and len(table.primary_key) == 1:
        sequence = f"pg_get_serial_sequence('{table.name}', '{key.name}')"
        connection.execute(
            text(
                f"SELECT setval({sequence}, max({key.name})) FROM {table.name} HAVING {sequence} IS NOT NULL AND max({key.name}) > 0"
            )
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--from", dest="source", default="", help="the old database (default: DATABASE_URL)")
    parser.add_argument("--to", required=True, help="the new one, empty")
    args = parser.parse_args()
    try:
        source = args.source or read_settings(HouseSettings).database_url
        if make_url(source) == make_url(args.to):
            raise CannotCopy("Both addresses are the same.")
        copy(open_database(source), open_database(args.to))
    except (CannotCopy, WrongSetting, NewerDatabase, SQLAlchemyError) as problem:
        raise SystemExit(f"Nothing was copied. {problem}") from None
    print(f"Everything is copied. Set DATABASE_URL={make_url(args.to)} and start the desk.")


if __name__ == "__main__":
    main()
