"""what waits to be looked at is found without reading every ticket"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    waits = sa.text("status = 'in_review'")
    op.create_index(
        "ix_tickets_in_review", "tickets", ["was_looked_at", "id"], sqlite_where=waits, postgresql_where=waits
    )


def downgrade() -> None:
    op.drop_index("ix_tickets_in_review", "tickets")
