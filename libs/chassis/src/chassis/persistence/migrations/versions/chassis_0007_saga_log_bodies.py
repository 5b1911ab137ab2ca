"""What a saga's log needs to be replayed: the data at the start, and the replies taken note of."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "chassis_0007"
down_revision = "chassis_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("saga_log", sa.Column("body", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("saga_log", "body")
