"""What is kept of a saga's parallel steps, of the saga that it is a part of, and of a pause."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "chassis_0009"
down_revision = "chassis_0008"
branch_labels = None
depends_on = None

COLUMNS = (
    ("branches", postgresql.JSONB()),
    ("parent", postgresql.JSONB()),
    ("paused_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    for name, column_type in COLUMNS:
        op.add_column("saga_instances", sa.Column(name, column_type, nullable=True))


def downgrade() -> None:
    for name, _ in COLUMNS:
        op.drop_column("saga_instances", name)
