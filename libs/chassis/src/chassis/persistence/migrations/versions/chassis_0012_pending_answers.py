"""Commands that are answered later."""

import sqlalchemy as sa
from alembic import op

revision = "chassis_0012"
down_revision = "chassis_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pending_answers",
        sa.Column("token_digest", sa.LargeBinary(), primary_key=True),
        sa.Column("command_id", sa.Uuid(), nullable=False),
        sa.Column("wire_type", sa.Text(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("reply_to", sa.Text(), nullable=False),
        sa.Column("saga_type", sa.Text()),
        sa.Column("saga_id", sa.Uuid()),
        sa.Column("step", sa.Text()),
        sa.Column("direction", sa.Text()),
        sa.Column("trace", sa.Text()),
        sa.Column(
            "asked_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("clock_timestamp()"),
        ),
    )
    op.create_index("pending_answers_by_age", "pending_answers", ["asked_at"])
    op.create_index(
        "pending_answers_by_step", "pending_answers", ["saga_id", "step", "direction"], unique=True
    )


def downgrade() -> None:
    op.drop_table("pending_answers")
