"""Orders that are delivered, or not."""

from alembic import op

revision = "order_0002"
down_revision = "order_0001"
branch_labels = None
depends_on = None

BEFORE = "'PENDING', 'APPROVED', 'REJECTED', 'CANCEL_PENDING', 'CANCELLED'"


def upgrade() -> None:
    _allow(f"{BEFORE}, 'DELIVERED', 'UNDELIVERED'")


def downgrade() -> None:
    _allow(BEFORE)


def _allow(states: str) -> None:
    op.drop_constraint("orders_state", "orders")
    op.create_check_constraint("orders_state", "orders", f"state IN ({states})")
