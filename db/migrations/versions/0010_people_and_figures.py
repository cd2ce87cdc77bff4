"""people who are invited, who left and who prove themselves twice; keys that were used; and when a ticket was drafted, signed, settled"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
MOMENTS = ("drafted_at", "signed_at", "settled_at", "due_at")


def upgrade() -> None:
    op.add_column("people", sa.Column("is_active", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("people", sa.Column("totp", sa.Text(), nullable=False, server_default=""))
    op.add_column("people", sa.Column("totp_last", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("api_keys", sa.Column("used_at", MOMENT, nullable=True))
    for name in MOMENTS:
        op.add_column("tickets", sa.Column(name, MOMENT, nullable=True))
    op.add_column("tickets", sa.Column("signed_by", sa.Text(), nullable=False, server_default=""))
    op.add_column("tickets", sa.Column("edit_distance", sa.Double(), nullable=True))
    op.create_index("ix_tickets_received_at", "tickets", ["received_at"])
    for what, new in (("drafted_at", "in_review"), ("signed_at", "approved"), ("settled_at", "replied")):
        op.execute(
            f"UPDATE tickets SET {what} = (SELECT min(at) FROM events WHERE ticket_id = tickets.id AND new = '{new}')"
        )
    op.create_table(
        "invitations",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name="fk_invitations_person_id_people", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_invitations")),
    )
    unreadable = sa.text("problem <> ''")
    op.create_index("ix_mails_unreadable", "mails", ["id"], sqlite_where=unreadable, postgresql_where=unreadable)
    op.create_index("ix_events_at", "events", ["at"])


def downgrade() -> None:
    op.drop_index("ix_events_at", "events")
    op.drop_index("ix_mails_unreadable", "mails")
    op.drop_table("invitations")
    op.drop_index("ix_tickets_received_at", "tickets")
    for name in ("edit_distance", "signed_by", *MOMENTS):
        op.drop_column("tickets", name)
    op.drop_column("api_keys", "used_at")
    for name in ("totp_last", "totp", "is_active"):
        op.drop_column("people", name)
