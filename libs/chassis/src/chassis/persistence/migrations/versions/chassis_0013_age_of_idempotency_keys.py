"""Idempotency keys are forgotten by their age."""

from alembic import op

revision = "chassis_0013"
down_revision = "chassis_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("idempotency_keys_by_age", "idempotency_keys", ["created_at"])


def downgrade() -> None:
    op.drop_index("idempotency_keys_by_age", "idempotency_keys")
