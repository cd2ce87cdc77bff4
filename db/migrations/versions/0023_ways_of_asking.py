"""a passage knows the ways in which people ask for it"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("passages", sa.Column("asked", sa.Text(), nullable=False, server_default=""))
    op.add_column("passages", sa.Column("asked_vectors", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("passages", "asked_vectors")
    op.drop_column("passages", "asked")
