"""An index over paused sagas, which no timer wakes: it holds next to nothing."""

import sqlalchemy as sa
from alembic import op

revision = "chassis_0010"
down_revision = "chassis_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "saga_instances_paused",
        "saga_instances",
        ["paused_at"],
        postgresql_where=sa.text("paused_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("saga_instances_paused", "saga_instances")
