"""Indexes over what an operator looks at: they hold next to nothing, whatever the tables hold."""

import sqlalchemy as sa
from alembic import op

revision = "chassis_0004"
down_revision = "chassis_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "dead_letters_open",
        "dead_letters",
        ["id"],
        postgresql_where=sa.text("redriven_at IS NULL AND archived_at IS NULL"),
    )
    op.create_index(
        "saga_instances_needing_attention",
        "saga_instances",
        ["created_at"],
        postgresql_where=sa.text("state = 'NEEDS_ATTENTION'"),
    )


def downgrade() -> None:
    op.drop_index("saga_instances_needing_attention", "saga_instances")
    op.drop_index("dead_letters_open", "dead_letters")
