"""what a mail carries: its HTML, its attachments by content, what was wrong with it; and what the server takes for spam"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

EMPTY = sa.text("'[]'")


def upgrade() -> None:
    op.create_table(
        "attachments",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_attachments")),
    )
    op.add_column("mails", sa.Column("cc", sa.JSON(), nullable=False, server_default=EMPTY))
    op.add_column("mails", sa.Column("html", sa.Text(), nullable=False, server_default=""))
    op.add_column("mails", sa.Column("hidden", sa.Text(), nullable=False, server_default=""))
    op.add_column("mails", sa.Column("notices", sa.JSON(), nullable=False, server_default=EMPTY))
    op.add_column("tickets", sa.Column("spam", sa.String(200), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("tickets", "spam")
    for name in ("notices", "hidden", "html", "cc"):
        op.drop_column("mails", name)
    op.drop_table("attachments")
