"""What operators do to a service: who, why, and what came of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "chassis_0008"
down_revision = "chassis_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    now = sa.text("clock_timestamp()")
    op.create_table(
        "operator_actions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False, server_default=now),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("arguments", postgresql.JSONB(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("trim(reason) <> '' AND trim(by) <> ''", name="operator_actions_told"),
        sa.CheckConstraint(
            "outcome IN ('DONE', 'REFUSED', 'FAILED')", name="operator_actions_outcome"
        ),
        sa.CheckConstraint(
            "(done_at IS NOT NULL) = (outcome IS NOT NULL)", name="operator_actions_done"
        ),
    )
    op.create_index(
        "operator_actions_open",
        "operator_actions",
        ["id"],
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index("operator_actions_by_target", "operator_actions", ["target", "id"])


def downgrade() -> None:
    op.drop_table("operator_actions")
