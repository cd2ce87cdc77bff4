"""the versions of the model, and which one a ticket asks for"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "model_versions",
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("there", sa.Boolean(), nullable=False),
        sa.Column("serving", sa.Boolean(), nullable=False),
        sa.Column("known_since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_model_versions")),
    )
    op.add_column("tickets", sa.Column("wanted_model", sa.String(120), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("tickets", "wanted_model")
    op.drop_table("model_versions")
