"""who wrote, what was chosen about it, what was signed byte for byte, and a trail that shows every change to itself"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

GUARDED = ("events", "seals")


def upgrade() -> None:
    op.add_column("mails", sa.Column("older", sa.Text(), nullable=False, server_default=""))
    op.add_column("mails", sa.Column("has_html", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("mails", sa.Column("remote_images", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("mails", sa.Column("identity", sa.String(12), nullable=False, server_default=""))
    op.add_column("mails", sa.Column("identity_words", sa.Text(), nullable=False, server_default=""))
    op.add_column("mails", sa.Column("orders", sa.Text(), nullable=False, server_default=""))
    op.execute("UPDATE mails SET has_html = (html <> '')")
    op.add_column("tickets", sa.Column("trust", sa.JSON(), nullable=True))
    op.add_column("tickets", sa.Column("booking_id", sa.Integer(), nullable=True))
    op.add_column("outbox", sa.Column("digest", sa.String(64), nullable=False, server_default=""))
    op.add_column("events", sa.Column("version", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "confirmations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("code", sa.String(9), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_confirmations_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmations")),
    )
    op.create_index(op.f("ix_confirmations_ticket_id"), "confirmations", ["ticket_id"])
    op.create_table(
        "seals",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_seals")),
        sa.UniqueConstraint("event_id", name=op.f("uq_seals_event_id")),
    )
    guard = guard_on_postgresql if op.get_bind().dialect.name == "postgresql" else guard_on_sqlite
    for table in GUARDED:
        guard(table)


def guard_on_sqlite(table: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_are_kept BEFORE DELETE ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} are never deleted'); END"
    )
    op.execute(
        f"CREATE TRIGGER {table}_stay_as_they_are BEFORE UPDATE ON {table} {exception(table)} "
        f"BEGIN SELECT RAISE(ABORT, '{table} are never changed'); END"
    )


def guard_on_postgresql(table: str) -> None:
    op.execute(
        f"CREATE FUNCTION keep_{table}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} are never changed or deleted'; END $$"
    )
    op.execute(f"CREATE TRIGGER {table}_are_kept BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION keep_{table}()")
    op.execute(
        f"CREATE TRIGGER {table}_stay_as_they_are BEFORE UPDATE ON {table} FOR EACH ROW {exception(table)} "
        f"EXECUTE FUNCTION keep_{table}()"
    )


def exception(table: str) -> str:
    """The words of an event may be erased, with the person whom they name; that they were is visible for ever."""
    if table != "events":
        return ""
    same = " AND ".join(
        f"NEW.{name} = OLD.{name}" for name in ("id", "ticket_id", "at", "what", "old", "new", "version")
    )
    return f"WHEN (NOT ({same} AND NEW.actor = '' AND NEW.note = ''))"


def downgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for table in GUARDED:
        where = f" ON {table}" if on_postgresql else ""
        op.execute(f"DROP TRIGGER {table}_are_kept{where}")
        op.execute(f"DROP TRIGGER {table}_stay_as_they_are{where}")
        if on_postgresql:
            op.execute(f"DROP FUNCTION keep_{table}()")
    op.drop_table("seals")
    op.drop_table("confirmations")
    op.drop_column("events", "version")
    op.drop_column("outbox", "digest")
    op.drop_column("tickets", "booking_id")
    op.drop_column("tickets", "trust")
    for name in ("orders", "identity_words", "identity", "remote_images", "has_html", "older"):
        op.drop_column("mails", name)
