"""what the autopilot saw, did and proved"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("tickets", sa.Column("was_looked_at", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "autopilot_categories",
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_autopilot_categories")),
    )
    op.create_table(
        "autopilot_looks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(60), nullable=False),
        sa.Column("model", sa.String(300), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("features", sa.JSON(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("action", sa.String(60), nullable=False),
        sa.Column("chosen", sa.String(10), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("right", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_autopilot_looks_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_autopilot_looks")),
    )
    op.create_index("ix_autopilot_looks_ticket_id", "autopilot_looks", ["ticket_id"])
    op.create_index("ix_autopilot_looks_category_decided_at", "autopilot_looks", ["category", "decided_at"])


def downgrade() -> None:
    op.drop_table("autopilot_looks")
    op.drop_table("autopilot_categories")
    op.drop_column("tickets", "was_looked_at")
