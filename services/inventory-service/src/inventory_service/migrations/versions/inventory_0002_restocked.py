"""Reservations whose goods came back."""

from alembic import op

revision = "inventory_0002"
down_revision = "inventory_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _allow("'RESERVED', 'CONFIRMED', 'RELEASED', 'RESTOCKED'")


def downgrade() -> None:
    _allow("'RESERVED', 'CONFIRMED', 'RELEASED'")


def _allow(states: str) -> None:
    op.drop_constraint("stock_reservations_state", "stock_reservations")
    op.create_check_constraint(
        "stock_reservations_state", "stock_reservations", f"state IN ({states})"
    )
