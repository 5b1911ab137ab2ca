"""Semantic locks, and messages that wait for one."""

import sqlalchemy as sa
from alembic import op

revision = "chassis_0015"
down_revision = "chassis_0014"
branch_labels = None
depends_on = None

WAITING = ("conversation", "saga_step", "lock_name", "lock_key")


def upgrade() -> None:
    op.create_table(
        "semantic_locks",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("holder_type", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("semantic_locks_by_age", "semantic_locks", ["taken_at"])
    for column in WAITING:
        op.add_column("deferred_messages", sa.Column(column, sa.Text()))
    op.create_index(
        "deferred_messages_locked",
        "deferred_messages",
        ["lock_name", "lock_key", "id"],
        postgresql_where=sa.text("lock_name IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("deferred_messages_locked", "deferred_messages")
    for column in WAITING:
        op.drop_column("deferred_messages", column)
    op.drop_table("semantic_locks")
