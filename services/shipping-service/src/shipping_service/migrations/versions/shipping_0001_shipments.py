"""Shipments, and the errands of the simulated carrier."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "shipping_0001"
down_revision = None
branch_labels = ("shipping_service",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shipments",
        sa.Column("order_id", sa.Uuid(), primary_key=True),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("lines", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scheduled_at", sa.DateTime(timezone=True)),
        sa.Column("dispatched_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("jsonb_array_length(lines) >= 1", name="shipments_lines"),
        sa.CheckConstraint(
            "state IN ('REQUESTED', 'SCHEDULED', 'DISPATCHED', 'DELIVERED', 'FAILED', 'WITHHELD')",
            name="shipments_state",
        ),
        sa.CheckConstraint(
            "(state = 'REQUESTED') = (scheduled_at IS NULL)", name="shipments_scheduled_at"
        ),
        sa.CheckConstraint(
            "(state IN ('DISPATCHED', 'DELIVERED', 'FAILED')) = (dispatched_at IS NOT NULL)",
            name="shipments_dispatched_at",
        ),
        sa.CheckConstraint(
            "(state IN ('DELIVERED', 'FAILED', 'WITHHELD')) = (ended_at IS NOT NULL)",
            name="shipments_ended_at",
        ),
    )
    op.create_index("shipments_by_state", "shipments", ["state", "order_id"])
    op.create_table(
        "carrier_errands",
        sa.Column("order_id", sa.Uuid(), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("correlation_id", sa.Text()),
        sa.Column("causation_id", sa.Uuid()),
        sa.CheckConstraint("kind IN ('PICKUP', 'DELIVERY')", name="carrier_errands_kind"),
    )
    op.create_index("carrier_errands_due", "carrier_errands", ["due_at", "order_id"])


def downgrade() -> None:
    op.drop_table("carrier_errands")
    op.drop_table("shipments")
