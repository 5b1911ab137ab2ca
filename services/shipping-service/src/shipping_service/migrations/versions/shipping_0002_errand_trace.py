"""The trace that an errand of the simulated carrier belongs to."""

import sqlalchemy as sa
from alembic import op

revision = "shipping_0002"
down_revision = "shipping_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("carrier_errands", sa.Column("trace", sa.Text()))


def downgrade() -> None:
    op.drop_column("carrier_errands", "trace")
