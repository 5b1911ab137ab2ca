"""Products and stock reservations."""

import sqlalchemy as sa
from alembic import op

revision = "inventory_0001"
down_revision = None
branch_labels = ("inventory_service",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "products",
        sa.Column("product_id", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("reserved >= 0", name="products_reserved_not_negative"),
        sa.CheckConstraint("reserved <= on_hand", name="products_reserved_on_hand"),
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "stock_reservations",
        sa.Column("order_id", sa.Uuid(), primary_key=True),
        sa.Column(
            "product_id", sa.Text(), sa.ForeignKey("products.product_id"), primary_key=True
        ),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.CheckConstraint("quantity > 0", name="stock_reservations_quantity_positive"),
        sa.CheckConstraint(
            "state IN ('RESERVED', 'CONFIRMED', 'RELEASED')", name="stock_reservations_state"
        ),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index("ix_stock_reservations_product_id", "stock_reservations", ["product_id"])


def downgrade() -> None:
    op.drop_table("stock_reservations")
    op.drop_table("products")
