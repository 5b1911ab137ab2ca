"""Outbox, inbox, barrier, deferred and dead messages, sagas, idempotency keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "chassis_0001"
down_revision = None
branch_labels = ("chassis",)
depends_on = None

NOW = sa.text("clock_timestamp()")


def timestamp(name: str, nullable: bool = False, default: bool = False) -> sa.Column[object]:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        nullable=nullable,
        server_default=NOW if default else None,
    )


def text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def identity() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True)


def upgrade() -> None:
    op.create_table(
        "outbox",
        identity(),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        text("key"),
        text("subject"),
        sa.Column("headers", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        timestamp("created_at", default=True),
    )
    # Every row is inserted and deleted within moments: vacuum by count, never by share of the table
    op.execute(
        "ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, "
        "autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_threshold = -1, "
        "autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0, "
        "autovacuum_analyze_threshold = 20000)"
    )
    op.create_table(
        "outbox_parked",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("outbox_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        text("subject"),
        text("error"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        timestamp("parked_at", default=True),
    )
    op.create_table(
        "received_messages",
        sa.Column("consumer", sa.Text(), primary_key=True),
        sa.Column("message_id", sa.Uuid(), primary_key=True),
        timestamp("received_at", default=True),
    )
    op.create_table(
        "participant_steps",
        sa.Column("saga_id", sa.Uuid(), primary_key=True),
        sa.Column("step", sa.Text(), primary_key=True),
        sa.Column("direction", sa.Text(), primary_key=True),
        text("outcome"),
        text("reply_type"),
        sa.Column("reply_body", sa.LargeBinary(), nullable=False),
        timestamp("recorded_at", default=True),
        sa.CheckConstraint(
            "direction IN ('action', 'compensation')", name="participant_steps_direction"
        ),
    )
    op.create_table(
        "deferred_messages",
        identity(),
        text("consumer"),
        text("key"),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        text("wire_type"),
        text("subject"),
        sa.Column("headers", postgresql.JSONB(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        text("reason"),
        text("error", nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        timestamp("deferred_at", default=True),
        timestamp("next_attempt_at"),
    )
    op.create_index(
        "deferred_messages_by_key", "deferred_messages", ["consumer", "key", "id"]
    )
    op.create_table(
        "dead_letters",
        identity(),
        text("consumer"),
        text("subject"),
        text("key", nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        text("wire_type", nullable=True),
        sa.Column("headers", postgresql.JSONB(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        text("reason"),
        text("error"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        timestamp("dead_at", default=True),
        timestamp("redriven_at", nullable=True),
        timestamp("archived_at", nullable=True),
    )
    op.create_table(
        "saga_instances",
        sa.Column("saga_id", sa.Uuid(), primary_key=True),
        text("saga_type"),
        sa.Column("definition_version", sa.Integer(), nullable=False),
        text("subject_key"),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        text("state"),
        text("step", nullable=True),
        text("direction"),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("command_id", sa.Uuid(), nullable=True),
        sa.Column("done", postgresql.JSONB(), nullable=False),
        text("error", nullable=True),
        timestamp("due_at", nullable=True),
        timestamp("deadline", nullable=True),
        timestamp("wake_at", nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        timestamp("created_at"),
        timestamp("updated_at"),
        timestamp("ended_at", nullable=True),
        sa.CheckConstraint(
            "state IN ('RUNNING', 'COMPENSATING', 'COMPLETED', 'COMPENSATED', 'NEEDS_ATTENTION')",
            name="saga_instances_state",
        ),
        sa.CheckConstraint(
            "direction IN ('action', 'compensation')", name="saga_instances_direction"
        ),
        sa.CheckConstraint(
            "(ended_at IS NOT NULL) = (state IN ('COMPLETED', 'COMPENSATED'))",
            name="saga_instances_ended",
        ),
        sa.CheckConstraint(
            "wake_at IS NULL OR state IN ('RUNNING', 'COMPENSATING')", name="saga_instances_wake"
        ),
    )
    op.create_index("saga_instances_by_subject", "saga_instances", ["subject_key"])
    op.create_index(
        "saga_instances_due",
        "saga_instances",
        ["wake_at"],
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )
    op.create_table(
        "saga_log",
        identity(),
        sa.Column("saga_id", sa.Uuid(), nullable=False),
        timestamp("at"),
        text("kind"),
        text("step", nullable=True),
        text("direction", nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        text("outcome", nullable=True),
        text("detail", nullable=True),
    )
    op.create_index("saga_log_by_saga", "saga_log", ["saga_id", "id"])
    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("request_digest", sa.LargeBinary(), nullable=False),
        sa.Column("response", postgresql.JSONB(), nullable=False),
        timestamp("created_at", default=True),
    )


def downgrade() -> None:
    for table in (
        "idempotency_keys",
        "saga_log",
        "saga_instances",
        "dead_letters",
        "deferred_messages",
        "participant_steps",
        "received_messages",
        "outbox_parked",
        "outbox",
    ):
        op.drop_table(table)
