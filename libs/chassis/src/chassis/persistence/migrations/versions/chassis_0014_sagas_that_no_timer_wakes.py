"""An index over live sagas that no timer wakes: paused, or waiting for a sub-saga without an end."""

import sqlalchemy as sa
from alembic import op

revision = "chassis_0014"
down_revision = "chassis_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "saga_instances_unwoken",
        "saga_instances",
        ["created_at"],
        postgresql_where=sa.text("wake_at IS NULL AND state IN ('RUNNING', 'COMPENSATING')"),
    )


def downgrade() -> None:
    op.drop_index("saga_instances_unwoken", "saga_instances")
