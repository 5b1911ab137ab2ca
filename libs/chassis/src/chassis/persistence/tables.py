"""The chassis's own tables, in each service's database beside the service's.

`METADATA` and the migrations under `persistence/migrations` say the same; a test holds them to it.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

METADATA = MetaData()

RELAY_SHARDS = 64
"""Shards that the relays of one database share; a key's shard is crc32(key) modulo this."""


def _time(name: str, *, nullable: bool = False, default: bool = False) -> Column[object]:
    server_default = func.clock_timestamp() if default else None
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=server_default)


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


outbox = Table(
    "outbox",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("message_id", Uuid, nullable=False),
    Column("shard", SmallInteger, nullable=False),
    _text("key"),
    _text("subject"),
    Column("headers", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    _time("created_at", default=True),
    # every row is inserted and deleted within moments: vacuum by count, never by share of the table
    postgresql_with={
        "autovacuum_vacuum_scale_factor": 0,
        "autovacuum_vacuum_threshold": 2000,
        "autovacuum_vacuum_insert_threshold": -1,
        "autovacuum_vacuum_cost_delay": 0,
        "autovacuum_analyze_scale_factor": 0,
        "autovacuum_analyze_threshold": 20000,
    },
)

outbox_parked = Table(
    "outbox_parked",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("outbox_id", BigInteger, nullable=False),
    Column("message_id", Uuid, nullable=False),
    _text("subject"),
    _text("error"),
    Column("attempts", Integer, nullable=False),
    _time("parked_at", default=True),
)

received_messages = Table(
    "received_messages",
    METADATA,
    Column("consumer", Text, primary_key=True),
    Column("message_id", Uuid, primary_key=True),
    _time("received_at", default=True),
)

participant_steps = Table(
    "participant_steps",
    METADATA,
    Column("saga_id", Uuid, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("direction", Text, primary_key=True),
    _text("outcome"),
    _text("reply_type"),
    Column("reply_body", LargeBinary, nullable=False),
    _time("recorded_at", default=True),
    CheckConstraint("direction IN ('action', 'compensation')", name="participant_steps_direction"),
)

deferred_messages = Table(
    "deferred_messages",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _text("consumer"),
    _text("key"),
    Column("message_id", Uuid, nullable=False),
    _text("wire_type"),
    _text("subject"),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    _text("reason"),
    _text("error", nullable=True),
    Column("attempts", Integer, nullable=False),
    _time("deferred_at", default=True),
    _time("next_attempt_at"),
    _text("conversation", nullable=True),
    _text("saga_step", nullable=True),
    _text("lock_name", nullable=True),
    _text("lock_key", nullable=True),
    Index("deferred_messages_by_key", "consumer", "key", "id"),
)
Index(
    "deferred_messages_locked",
    deferred_messages.c.lock_name,
    deferred_messages.c.lock_key,
    deferred_messages.c.id,
    postgresql_where=deferred_messages.c.lock_name.is_not(None),
)

semantic_locks = Table(
    "semantic_locks",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    _text("holder"),
    _text("holder_type"),
    _time("taken_at"),
    _time("expires_at"),
    Index("semantic_locks_by_age", "taken_at"),
)

pending_answers = Table(
    "pending_answers",
    METADATA,
    Column("token_digest", LargeBinary, primary_key=True),
    Column("command_id", Uuid, nullable=False),
    _text("wire_type"),
    _text("correlation_id"),
    _text("reply_to"),
    _text("saga_type", nullable=True),
    Column("saga_id", Uuid, nullable=True),
    _text("step", nullable=True),
    _text("direction", nullable=True),
    _text("trace", nullable=True),
    _time("asked_at", default=True),
    Index("pending_answers_by_age", "asked_at"),
    Index("pending_answers_by_step", "saga_id", "step", "direction", unique=True),
)

dead_letters = Table(
    "dead_letters",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _text("consumer"),
    _text("subject"),
    _text("key", nullable=True),
    Column("message_id", Uuid, nullable=True),
    _text("wire_type", nullable=True),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    _text("reason"),
    _text("error"),
    Column("attempts", Integer, nullable=False),
    _time("dead_at", default=True),
    _time("redriven_at", nullable=True),
    _time("archived_at", nullable=True),
)
Index(
    "dead_letters_open",
    dead_letters.c.id,
    postgresql_where=text("redriven_at IS NULL AND archived_at IS NULL"),
)

saga_instances = Table(
    "saga_instances",
    METADATA,
    Column("saga_id", Uuid, primary_key=True),
    _text("saga_type"),
    Column("definition_version", Integer, nullable=False),
    _text("subject_key"),
    Column("data", JSONB, nullable=False),
    _text("state"),
    _text("step", nullable=True),
    _text("direction"),
    Column("attempt", Integer, nullable=False),
    Column("command_id", Uuid, nullable=True),
    Column("done", JSONB, nullable=False),
    _text("error", nullable=True),
    _time("due_at", nullable=True),
    _time("deadline", nullable=True),
    _time("wake_at", nullable=True),
    Column("version", Integer, nullable=False),
    _time("created_at"),
    _time("updated_at"),
    _time("ended_at", nullable=True),
    Column("trace", JSONB, nullable=True),
    Column("branches", JSONB, nullable=True),
    Column("parent", JSONB, nullable=True),
    _time("paused_at", nullable=True),
    CheckConstraint(
        "state IN ('RUNNING', 'COMPENSATING', 'COMPLETED', 'COMPENSATED', 'NEEDS_ATTENTION')",
        name="saga_instances_state",
    ),
    CheckConstraint("direction IN ('action', 'compensation')", name="saga_instances_direction"),
    CheckConstraint(
        "(ended_at IS NOT NULL) = (state IN ('COMPLETED', 'COMPENSATED'))",
        name="saga_instances_ended",
    ),
    CheckConstraint(
        "wake_at IS NULL OR state IN ('RUNNING', 'COMPENSATING')", name="saga_instances_wake"
    ),
    Index("saga_instances_by_subject", "subject_key"),
    # rows are updated in place while room is left on their page, without touching an index
    postgresql_with={"fillfactor": 70},
)
Index(
    "saga_instances_due",
    saga_instances.c.wake_at,
    postgresql_where=saga_instances.c.wake_at.is_not(None),
)
Index(
    "saga_instances_needing_attention",
    saga_instances.c.created_at,
    postgresql_where=text("state = 'NEEDS_ATTENTION'"),
)
Index(
    "saga_instances_unwoken",
    saga_instances.c.created_at,
    postgresql_where=text("wake_at IS NULL AND state IN ('RUNNING', 'COMPENSATING')"),
)
Index(
    "saga_instances_paused",
    saga_instances.c.paused_at,
    postgresql_where=saga_instances.c.paused_at.is_not(None),
)

saga_log = Table(
    "saga_log",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("saga_id", Uuid, nullable=False),
    _time("at"),
    _text("kind"),
    _text("step", nullable=True),
    _text("direction", nullable=True),
    Column("attempt", Integer, nullable=False),
    Column("message_id", Uuid, nullable=True),
    _text("outcome", nullable=True),
    _text("detail", nullable=True),
    Column("body", JSONB, nullable=True),
    Index("saga_log_by_saga", "saga_id", "id"),
)

flow_expectations = Table(
    "flow_expectations",
    METADATA,
    Column("flow", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    _text("awaits", nullable=True),
    _text("awaited_from", nullable=True),
    _text("correlation_id", nullable=True),
    _time("expected_at", nullable=True),
    Column("stage", Integer, nullable=False, server_default=text("0")),
    _time("stage_at", nullable=True),
    _time("due_at", nullable=True),
    _time("ended_at", nullable=True),
    CheckConstraint(
        "ended_at IS NOT NULL OR (awaits IS NOT NULL AND due_at IS NOT NULL)",
        name="flow_expectations_expected_or_ended",
    ),
    # rows come and go like those of the outbox
    postgresql_with={
        "autovacuum_vacuum_scale_factor": 0,
        "autovacuum_vacuum_threshold": 2000,
        "autovacuum_analyze_scale_factor": 0,
        "autovacuum_analyze_threshold": 20000,
    },
)
Index(
    "flow_expectations_ended",
    flow_expectations.c.ended_at,
    postgresql_where=flow_expectations.c.ended_at.is_not(None),
)

view_generations = Table(
    "view_generations",
    METADATA,
    Column("view", Text, primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    _text("shape"),
    _text("state"),
    _text("waits_for", nullable=True),
    _time("created_at", default=True),
    _time("held_at", default=True),
    _time("live_at", nullable=True),
    _time("retired_at", nullable=True),
    _time("drop_after", nullable=True),
    _time("dropped_at", nullable=True),
    CheckConstraint("state IN ('BUILDING', 'LIVE', 'RETIRED')", name="view_generations_state"),
    CheckConstraint(
        "(state = 'RETIRED') = (retired_at IS NOT NULL)", name="view_generations_retired"
    ),
)
for _state in ("LIVE", "BUILDING"):
    Index(
        f"view_generations_one_{_state.lower()}",
        view_generations.c.view,
        view_generations.c.version,
        unique=True,
        postgresql_where=text(f"state = '{_state}'"),
    )

view_checkpoints = Table(
    "view_checkpoints",
    METADATA,
    Column("view", Text, primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("reached", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("pending", BigInteger, nullable=True),
    _time("event_time", nullable=True),
    Column("complete", Boolean, nullable=False, server_default=true()),
    Column("snapshots", JSONB, nullable=True),
    _time("caught_up_at", nullable=True),
    _time("updated_at", default=True),
)

operator_actions = Table(
    "operator_actions",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _time("requested_at", default=True),
    _text("by"),
    _text("action"),
    _text("target"),
    Column("arguments", JSONB, nullable=False),
    _text("reason"),
    _time("done_at", nullable=True),
    _text("outcome", nullable=True),
    _text("error", nullable=True),
    CheckConstraint("trim(reason) <> '' AND trim(by) <> ''", name="operator_actions_told"),
    CheckConstraint("outcome IN ('DONE', 'REFUSED', 'FAILED')", name="operator_actions_outcome"),
    CheckConstraint("(done_at IS NOT NULL) = (outcome IS NOT NULL)", name="operator_actions_done"),
    Index("operator_actions_by_target", "target", "id"),
)
Index(
    "operator_actions_open",
    operator_actions.c.id,
    postgresql_where=operator_actions.c.done_at.is_(None),
)

idempotency_keys = Table(
    "idempotency_keys",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("request_digest", LargeBinary, nullable=False),
    Column("response", JSONB, nullable=False),
    _time("created_at", default=True),
    Index("idempotency_keys_by_age", "created_at"),
)
