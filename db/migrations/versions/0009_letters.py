"""who a reply goes to and what it carries, canned replies, and customers who write from several addresses"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("edits", sa.Column("recipients", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("edits", sa.Column("files", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "canned_replies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("orders", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_replies")),
        sa.UniqueConstraint("title", name=op.f("uq_canned_replies_title")),
    )
    op.create_table(
        "customers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
    )
    op.create_table(
        "customer_addresses",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_customer_addresses_customer_id_customers"),
        sa.PrimaryKeyConstraint("email", name=op.f("pk_customer_addresses")),
    )
    op.create_index(op.f("ix_customer_addresses_customer_id"), "customer_addresses", ["customer_id"])


def downgrade() -> None:
    for table in ("customer_addresses", "customers", "canned_replies"):
        op.drop_table(table)
    op.drop_column("edits", "files")
    op.drop_column("edits", "recipients")
