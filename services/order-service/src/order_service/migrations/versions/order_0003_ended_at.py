"""When an order ended. Orders that ended before do not know."""

import sqlalchemy as sa
from alembic import op

revision = "order_0003"
down_revision = "order_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("ended_at", sa.DateTime(timezone=True)))
    op.create_check_constraint(
        "orders_ended_at",
        "orders",
        "ended_at IS NULL OR state IN ('CANCELLED', 'DELIVERED', 'UNDELIVERED')",
    )


def downgrade() -> None:
    op.drop_column("orders", "ended_at")
