"""tickets that became one, until when an answer is due, rules for whom a ticket is, notices, and what customers thought of it"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("tickets", sa.Column("merged_into", sa.Integer(), nullable=True))
    op.add_column("tickets", sa.Column("team", sa.String(40), nullable=False, server_default=""))
    op.add_column("people", sa.Column("team", sa.String(40), nullable=False, server_default=""))
    op.add_column(
        "people",
        sa.Column("told_of", sa.JSON(), nullable=False, server_default='["assigned", "mentioned", "stuck", "due"]'),
    )
    op.create_table(
        "desk_settings",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_desk_settings")),
    )
    op.create_table(
        "rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("serves", sa.Boolean(), nullable=False),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column("effects", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rules")),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("is_read", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_notices_person_id_people", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_notices_ticket_id_tickets"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index("ix_notices_person_id_is_read", "notices", ["person_id", "is_read"])
    op.create_table(
        "votes",
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("is_good", sa.Boolean(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_votes_ticket_id_tickets"),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_votes")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_votes_token_hash")),
    )


def downgrade() -> None:
    for table in ("votes", "notices", "rules", "desk_settings"):
        op.drop_table(table)
    op.drop_column("people", "told_of")
    op.drop_column("people", "team")
    op.drop_column("tickets", "team")
    op.drop_column("tickets", "merged_into")
