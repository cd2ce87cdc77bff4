"""another version of the model tried beside the serving one"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "trials",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("version", sa.String(120), nullable=False),
        sa.Column("against", sa.String(120), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trials")),
    )
    op.create_index("ix_trials_state", "trials", ["state"])
    running = sa.text("state = 'running'")  # one at a time, whoever begins
    op.create_index(
        "uq_trials_running", "trials", ["state"], unique=True, sqlite_where=running, postgresql_where=running
    )
    op.create_table(
        "trial_drafts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("trial_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(120), nullable=False),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.Column("draft", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("decided", sa.Boolean(), nullable=False),
        sa.Column("fits", sa.Boolean(), nullable=True),
        sa.Column("unchanged", sa.Boolean(), nullable=True),
        sa.Column("distance", sa.Double(), nullable=True),
        sa.Column("waited", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["trial_id"], ["trials.id"], name=op.f("fk_trial_drafts_trial_id_trials")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_trial_drafts_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trial_drafts")),
        sa.UniqueConstraint(
            "trial_id", "ticket_id", "version", name=op.f("uq_trial_drafts_trial_id_ticket_id_version")
        ),
    )
    op.create_index("ix_trial_drafts_trial_id", "trial_drafts", ["trial_id"])
    op.create_index("ix_trial_drafts_ticket_id", "trial_drafts", ["ticket_id"])


def downgrade() -> None:
    op.drop_table("trial_drafts")
    op.drop_table("trials")
