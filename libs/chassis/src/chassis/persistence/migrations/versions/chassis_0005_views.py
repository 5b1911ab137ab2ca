"""Generations of views, and how far each has read."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "chassis_0005"
down_revision = "chassis_0004"
branch_labels = None
depends_on = None


def _time(name: str, *, default: bool = False) -> sa.Column[object]:
    server_default = sa.func.clock_timestamp() if default else None
    return sa.Column(
        name, sa.DateTime(timezone=True), nullable=not default, server_default=server_default
    )


def upgrade() -> None:
    op.create_table(
        "view_generations",
        sa.Column("view", sa.Text(), primary_key=True),
        sa.Column("generation", sa.Integer(), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("shape", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("waits_for", sa.Text()),
        _time("created_at", default=True),
        _time("held_at", default=True),
        _time("live_at"),
        _time("retired_at"),
        _time("drop_after"),
        _time("dropped_at"),
        sa.CheckConstraint(
            "state IN ('BUILDING', 'LIVE', 'RETIRED')", name="view_generations_state"
        ),
        sa.CheckConstraint(
            "(state = 'RETIRED') = (retired_at IS NOT NULL)", name="view_generations_retired"
        ),
    )
    for state in ("LIVE", "BUILDING"):
        op.create_index(
            f"view_generations_one_{state.lower()}",
            "view_generations",
            ["view", "version"],
            unique=True,
            postgresql_where=sa.text(f"state = '{state}'"),
        )
    op.create_table(
        "view_checkpoints",
        sa.Column("view", sa.Text(), primary_key=True),
        sa.Column("generation", sa.Integer(), primary_key=True),
        sa.Column("channel", sa.Text(), primary_key=True),
        sa.Column("partition", sa.Integer(), primary_key=True),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("reached", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("pending", sa.BigInteger()),
        _time("event_time"),
        sa.Column("complete", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("snapshots", postgresql.JSONB()),
        _time("caught_up_at"),
        _time("updated_at", default=True),
    )


def downgrade() -> None:
    op.drop_table("view_checkpoints")
    op.drop_table("view_generations")
