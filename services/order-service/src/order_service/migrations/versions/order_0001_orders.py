"""Orders."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "order_0001"
down_revision = None
branch_labels = ("order_service",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("order_id", sa.Uuid(), primary_key=True),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("lines", postgresql.JSONB(), nullable=False),
        sa.Column("total", sa.Numeric(14, 2), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("rejection_reason", sa.String(32)),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("total > 0", name="orders_total_positive"),
        sa.CheckConstraint("jsonb_array_length(lines) BETWEEN 1 AND 100", name="orders_lines"),
        sa.CheckConstraint(
            "(state = 'REJECTED') = (rejection_reason IS NOT NULL)",
            name="orders_rejected_for_a_reason",
        ),
        sa.CheckConstraint("(state = 'PENDING') = (decided_at IS NULL)", name="orders_decided_at"),
        sa.CheckConstraint(
            "state IN ('PENDING', 'APPROVED', 'REJECTED', 'CANCEL_PENDING', 'CANCELLED')",
            name="orders_state",
        ),
        sa.CheckConstraint(
            "rejection_reason IN ('CUSTOMER_NOT_FOUND', 'CREDIT_LIMIT_EXCEEDED', "
            "'PRODUCT_NOT_FOUND', 'OUT_OF_STOCK', 'TIMED_OUT', 'REFUSED')",
            name="orders_rejection_reason",
        ),
    )
    op.create_index("orders_by_state", "orders", ["state", "order_id"])


def downgrade() -> None:
    op.drop_table("orders")
