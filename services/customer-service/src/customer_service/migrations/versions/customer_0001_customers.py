"""Customers and credit reservations."""

import sqlalchemy as sa
from alembic import op

revision = "customer_0001"
down_revision = None
branch_labels = ("customer_service",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customers",
        sa.Column("customer_id", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("credit_limit", sa.Numeric(14, 2), nullable=False),
        sa.Column("reserved", sa.Numeric(14, 2), nullable=False),
        sa.Column("confirmed", sa.Numeric(14, 2), nullable=False),
        sa.CheckConstraint("reserved >= 0", name="customers_reserved_not_negative"),
        sa.CheckConstraint("confirmed >= 0", name="customers_confirmed_not_negative"),
        sa.CheckConstraint("reserved + confirmed <= credit_limit", name="customers_within_limit"),
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "credit_reservations",
        sa.Column("order_id", sa.Uuid(), primary_key=True),
        sa.Column(
            "customer_id", sa.Text(), sa.ForeignKey("customers.customer_id"), nullable=False
        ),
        sa.Column("amount", sa.Numeric(14, 2), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.CheckConstraint("amount > 0", name="credit_reservations_amount_positive"),
        sa.CheckConstraint(
            "state IN ('RESERVED', 'CONFIRMED', 'RELEASED')", name="credit_reservations_state"
        ),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index(
        "ix_credit_reservations_customer_id", "credit_reservations", ["customer_id"]
    )


def downgrade() -> None:
    op.drop_table("credit_reservations")
    op.drop_table("customers")
