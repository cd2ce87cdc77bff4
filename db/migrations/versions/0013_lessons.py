"""what the next model may learn from: each decision beside its draft"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "lessons",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("mail_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("learn", sa.Boolean(), nullable=False),
        sa.Column("why", sa.String(300), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("model", sa.String(120), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("draft", sa.JSON(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("passages", sa.JSON(), nullable=False),
        sa.Column("verified_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_lessons_ticket_id_tickets"),
        sa.ForeignKeyConstraint(["mail_id"], ["mails.id"], name="fk_lessons_mail_id_mails"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lessons")),
        sa.UniqueConstraint("mail_id", name=op.f("uq_lessons_mail_id")),
    )
    op.create_index("ix_lessons_ticket_id", "lessons", ["ticket_id"])
    op.create_index("ix_lessons_state", "lessons", ["state"])


def downgrade() -> None:
    op.drop_table("lessons")
