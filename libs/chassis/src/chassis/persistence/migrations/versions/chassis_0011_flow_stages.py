"""Which stage of a flow is due, since when, and from whom."""

import sqlalchemy as sa
from alembic import op

revision = "chassis_0011"
down_revision = "chassis_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("flow_expectations", sa.Column("awaited_from", sa.Text()))
    op.add_column(
        "flow_expectations",
        sa.Column("stage", sa.Integer(), nullable=False, server_default=sa.text("0")),
    )
    op.add_column("flow_expectations", sa.Column("stage_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    for column in ("stage_at", "stage", "awaited_from"):
        op.drop_column("flow_expectations", column)
