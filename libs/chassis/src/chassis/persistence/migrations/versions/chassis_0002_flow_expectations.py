"""Expectations of flows by choreography."""

import sqlalchemy as sa
from alembic import op

revision = "chassis_0002"
down_revision = "chassis_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "flow_expectations",
        sa.Column("flow", sa.Text(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("awaits", sa.Text()),
        sa.Column("correlation_id", sa.Text()),
        sa.Column("expected_at", sa.DateTime(timezone=True)),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "ended_at IS NOT NULL OR (awaits IS NOT NULL AND due_at IS NOT NULL)",
            name="flow_expectations_expected_or_ended",
        ),
    )
    op.execute(
        "ALTER TABLE flow_expectations SET (autovacuum_vacuum_scale_factor = 0, "
        "autovacuum_vacuum_threshold = 2000, autovacuum_analyze_scale_factor = 0, "
        "autovacuum_analyze_threshold = 20000)"
    )
    op.create_index(
        "flow_expectations_ended",
        "flow_expectations",
        ["ended_at"],
        postgresql_where=sa.text("ended_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("flow_expectations")
