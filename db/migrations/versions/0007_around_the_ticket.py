"""who looks after a ticket and when: assigned, snoozed, tagged, noted, typed but not decided"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("tickets", sa.Column("snippet", sa.String(120), nullable=False, server_default=""))
    op.add_column("tickets", sa.Column("identity", sa.String(12), nullable=False, server_default=""))
    op.add_column("tickets", sa.Column("priority", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("tickets", sa.Column("snoozed_until", MOMENT, nullable=True))
    op.add_column("tickets", sa.Column("waiting_for", sa.String(120), nullable=False, server_default=""))
    op.add_column("tickets", sa.Column("lesson", sa.JSON(), nullable=True))
    with op.batch_alter_table("tickets") as tickets:
        tickets.add_column(sa.Column("assignee_id", sa.Integer(), nullable=True))
        tickets.create_foreign_key(
            op.f("fk_tickets_assignee_id_people"), "people", ["assignee_id"], ["id"], ondelete="SET NULL"
        )
    op.create_index("ix_tickets_status_changed_at", "tickets", ["status", "changed_at"])
    op.create_index("ix_tickets_from_email", "tickets", ["from_email"])
    op.execute(
        "UPDATE tickets SET snippet = coalesce((SELECT substr(CASE WHEN said <> '' THEN said ELSE text END, 1, 120)"
        " FROM mails WHERE ticket_id = tickets.id AND NOT outgoing ORDER BY id DESC LIMIT 1), '')"
    )
    op.add_column("people", sa.Column("language", sa.String(5), nullable=False, server_default=""))
    op.add_column("people", sa.Column("theme", sa.String(5), nullable=False, server_default=""))
    op.add_column("people", sa.Column("zone", sa.String(40), nullable=False, server_default=""))
    op.add_column("people", sa.Column("uses_keys", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_table(
        "tags",
        sa.Column(
            "ticket_id", sa.Integer(), sa.ForeignKey("tickets.id", name="fk_tags_ticket_id_tickets"), nullable=False
        ),
        sa.Column("name", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "name", name=op.f("pk_tags")),
    )
    op.create_index(op.f("ix_tags_name"), "tags", ["name"])
    op.create_table(
        "notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "ticket_id", sa.Integer(), sa.ForeignKey("tickets.id", name="fk_notes_ticket_id_tickets"), nullable=False
        ),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mentions", sa.JSON(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index(op.f("ix_notes_ticket_id"), "notes", ["ticket_id"])
    op.create_table(
        "edits",
        *of_a_person("edits"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
    )
    op.create_table(
        "presences",
        *of_a_person("presences"),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("is_typing", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("query", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name="fk_saved_views_person_id_people", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
    )
    op.create_index(op.f("ix_saved_views_person_id"), "saved_views", ["person_id"])


def of_a_person(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=f"fk_{table}_ticket_id_tickets"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=f"fk_{table}_person_id_people", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("ticket_id", "person_id", name=f"pk_{table}"),
    ]


def downgrade() -> None:
    for table in ("saved_views", "presences", "edits", "notes", "tags"):
        op.drop_table(table)
    for name in ("uses_keys", "zone", "theme", "language"):
        op.drop_column("people", name)
    op.drop_index("ix_tickets_from_email", "tickets")
    op.drop_index("ix_tickets_status_changed_at", "tickets")
    with op.batch_alter_table("tickets") as tickets:
        tickets.drop_constraint("fk_tickets_assignee_id_people", type_="foreignkey")
        for name in ("assignee_id", "lesson", "waiting_for", "snoozed_until", "priority", "identity", "snippet"):
            tickets.drop_column(name)
