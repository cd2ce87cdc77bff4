"""every word of mails, notes and tickets can be looked for: FTS5 in SQLite, tsvector in PostgreSQL"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MAIL, NOTE = ("subject", "from_name", "from_email", "text"), ("text",)
TICKET = ("subject", "from_name", "from_email", "username", "reply")
REPLY = {
    "sqlite": "coalesce({0}answer ->> '$.reply', {0}draft ->> '$.reply', '')",
    "postgresql": "coalesce(answer ->> 'reply', draft ->> 'reply', '')",
}
MOST = 100_000  # characters of one text that PostgreSQL reads: a tsvector has an end


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        vectors()
        return
    op.execute(
        f"CREATE VIEW ticket_words AS SELECT id, subject, from_name, from_email, username, {REPLY['sqlite'].format('')} AS reply FROM tickets"
    )
    index("mails", "mails", MAIL, MAIL)
    index("notes", "notes", NOTE, NOTE)
    index("tickets", "ticket_words", TICKET, (*TICKET[:4], "draft", "answer"))


def index(table: str, content: str, columns: tuple[str, ...], watched: tuple[str, ...]) -> None:
    """An FTS5 index beside the table, kept by triggers. A row without words is not in it."""
    names = ", ".join(columns)
    op.execute(
        f"CREATE VIRTUAL TABLE {table}_words USING fts5({names}, content='{content}', content_rowid='id', "
        "tokenize='unicode61 remove_diacritics 2', prefix='2 3')"
    )

    def values(row: str) -> list[str]:
        return [REPLY["sqlite"].format(f"{row}.") if name == "reply" else f"{row}.{name}" for name in columns]

    def has_words(row: str) -> str:
        return " || ".join(values(row)) + " <> ''"

    add = f"INSERT INTO {table}_words (rowid, {names}) VALUES (new.id, {', '.join(values('new'))});"
    remove = f"INSERT INTO {table}_words ({table}_words, rowid, {names}) VALUES ('delete', old.id, {', '.join(values('old'))});"
    change = f"AFTER UPDATE OF {', '.join(watched)} ON {table}"
    op.execute(f"CREATE TRIGGER {table}_words_new AFTER INSERT ON {table} WHEN {has_words('new')} BEGIN {add} END")
    op.execute(f"CREATE TRIGGER {table}_words_gone AFTER DELETE ON {table} WHEN {has_words('old')} BEGIN {remove} END")
    op.execute(f"CREATE TRIGGER {table}_words_before {change} WHEN {has_words('old')} BEGIN {remove} END")
    op.execute(f"CREATE TRIGGER {table}_words_then {change} WHEN {has_words('new')} BEGIN {add} END")
    every = " || ".join(columns)
    op.execute(f"INSERT INTO {table}_words (rowid, {names}) SELECT id, {names} FROM {content} WHERE {every} <> ''")


def vectors() -> None:
    for table, columns in (("mails", MAIL), ("notes", NOTE), ("tickets", TICKET)):
        parts = [REPLY["postgresql"] if name == "reply" else name for name in columns]
        said = " || ' ' || ".join(f"left({part}, {MOST})" for part in parts)
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN words tsvector GENERATED ALWAYS AS (to_tsvector('simple', {said})) STORED"
        )
        op.execute(f"CREATE INDEX ix_{table}_words ON {table} USING gin (words)")


def downgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for table in ("mails", "notes", "tickets"):
        if on_postgresql:
            op.execute(f"ALTER TABLE {table} DROP COLUMN words")
        else:
            for trigger in ("new", "gone", "before", "then"):
                op.execute(f"DROP TRIGGER {table}_words_{trigger}")
            op.execute(f"DROP TABLE {table}_words")
    if not on_postgresql:
        op.execute("DROP VIEW ticket_words")
