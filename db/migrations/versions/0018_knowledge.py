"""pages of knowledge with their history, and passages that are found by words (FTS5, tsvector) and by meaning"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "pages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("there", sa.Boolean(), nullable=False),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cut", sa.Integer(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_pages_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pages")),
        sa.UniqueConstraint("name", name=op.f("uq_pages_name")),
    )
    op.create_index("ix_pages_ticket_id", "pages", ["ticket_id"])
    op.create_table(
        "page_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("page_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["page_id"], ["pages.id"], name=op.f("fk_page_versions_page_id_pages"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_versions")),
        sa.UniqueConstraint("page_id", "version", name=op.f("uq_page_versions_page_id_version")),
    )
    op.create_index("ix_page_versions_page_id", "page_versions", ["page_id"])
    op.create_table(
        "passages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("page_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("heading", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("stems", sa.Text(), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("embedder", sa.String(120), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["page_id"], ["pages.id"], name=op.f("fk_passages_page_id_pages"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passages")),
        sqlite_autoincrement=True,  # a number is never given twice, so that an index in memory notices every change
    )
    op.create_index("ix_passages_page_id", "passages", ["page_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE passages ADD COLUMN words tsvector GENERATED ALWAYS AS (to_tsvector('simple', left(stems, 100000))) STORED"
        )
        op.execute("CREATE INDEX ix_passages_words ON passages USING gin (words)")
        return
    op.execute(
        "CREATE VIRTUAL TABLE passages_words USING fts5(stems, content='passages', content_rowid='id', tokenize='unicode61 remove_diacritics 2')"
    )
    op.execute(
        "CREATE TRIGGER passages_words_new AFTER INSERT ON passages BEGIN "
        "INSERT INTO passages_words (rowid, stems) VALUES (new.id, new.stems); END"
    )
    op.execute(
        "CREATE TRIGGER passages_words_gone AFTER DELETE ON passages BEGIN "
        "INSERT INTO passages_words (passages_words, rowid, stems) VALUES ('delete', old.id, old.stems); END"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        op.execute("DROP TRIGGER passages_words_new")
        op.execute("DROP TRIGGER passages_words_gone")
        op.execute("DROP TABLE passages_words")
    op.drop_table("passages")
    op.drop_table("page_versions")
    op.drop_table("pages")
