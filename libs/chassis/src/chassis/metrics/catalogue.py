"""Every metric of the platform, by area. The one place where a name is made up.

`messaging_*`, `http_*` and `db_*` follow OpenTelemetry's semantic conventions as Prometheus spells
them; the rest is the platform's own.
"""

from typing import Final

from chassis.metrics.declaration import (
    ALL_PROCESSES,
    API,
    BOTH,
    GATEWAY,
    RELAY,
    SERVICE,
    Kind,
    Metric,
)

_FAST: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)
_HTTP: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_MESSAGING: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_SAGA: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600, 3600)

_CONSUMER: Final = ("consumer",)
_SEMCONV_CONSUMER: Final = (
    "messaging_system",
    "messaging_destination_template",
    "messaging_consumer_group_name",
)
_SEMCONV_SENDER: Final = (
    "messaging_system",
    "messaging_operation_name",
    "messaging_destination_template",
)
_VIEW: Final = ("view", "version", "state")
_SAGA_STEP: Final = ("saga_type", "step", "direction")

# -- every process ---------------------------------------------------------------------------------

BUILD_INFO: Final = Metric(
    name="app_build_info",
    kind=Kind.GAUGE,
    meaning="Always 1; the labels say what runs.",
    labels=("service_name", "version", "python_version"),
    exposed_by=ALL_PROCESSES,
)
DATABASE_UP: Final = Metric(
    name="database_up",
    kind=Kind.GAUGE,
    meaning="1 if the database answered when these gauges were last refreshed. While it is 0, "
    "what is read from the database keeps its last value.",
    exposed_by=BOTH,
)
NATS_CONNECTED: Final = Metric(
    name="nats_connected",
    kind=Kind.GAUGE,
    meaning="1 while the process is connected to NATS.",
    exposed_by=BOTH,
)
NATS_RECONNECTS: Final = Metric(
    name="nats_reconnects_total",
    kind=Kind.COUNTER,
    meaning="Connections to NATS that came back after a break.",
    exposed_by=BOTH,
)
NATS_PERMISSION_VIOLATIONS: Final = Metric(
    name="nats_permission_violations_total",
    kind=Kind.COUNTER,
    meaning="Operations that the NATS server refused for lack of permission. The subject is in "
    "the log; the caller sees a time-out only.",
    labels=("operation",),
    exposed_by=BOTH,
)

# -- retention -------------------------------------------------------------------------------------

RETENTION_FORGOTTEN: Final = Metric(
    name="retention_forgotten_rows_total",
    kind=Kind.COUNTER,
    meaning="Rows removed because no work needs them any more: handled messages, ended sagas with "
    "their log, recorded steps, idempotency keys, closed dead letters, expired semantic locks.",
    labels=("table",),
    exposed_by=SERVICE,
)
RETENTION_LAST_SWEEP: Final = Metric(
    name="retention_last_sweep_timestamp_seconds",
    kind=Kind.GAUGE,
    meaning="When this process last went through all tables to forget what is due; 0 before the "
    "first time.",
    exposed_by=SERVICE,
)

# -- outbox and relay ------------------------------------------------------------------------------

OUTBOX_PENDING: Final = Metric(
    name="outbox_pending_messages",
    kind=Kind.GAUGE,
    meaning="Rows in the outbox, counted up to 100,000. Of the whole database: take the maximum "
    "over its relays.",
    exposed_by=RELAY,
)
OUTBOX_OLDEST_AGE: Final = Metric(
    name="outbox_oldest_pending_age_seconds",
    kind=Kind.GAUGE,
    meaning="Age of the oldest row whose key is not parked. Of the whole database.",
    exposed_by=RELAY,
)
OUTBOX_PARKED: Final = Metric(
    name="outbox_parked_messages",
    kind=Kind.GAUGE,
    meaning="Rows that could not be published; each holds up the rows behind it of its key. Of "
    "the whole database.",
    exposed_by=RELAY,
)
OUTBOX_SHARDS_HELD: Final = Metric(
    name="outbox_shards_held",
    kind=Kind.GAUGE,
    meaning="Shards of the outbox that this relay publishes; all relays of a database together "
    "hold 64.",
    exposed_by=RELAY,
)
OUTBOX_PUBLISHED: Final = Metric(
    name="outbox_published_messages_total",
    kind=Kind.COUNTER,
    meaning="Rows by what became of them: stored, duplicate (stored before), refused.",
    labels=("destination", "result"),
    exposed_by=RELAY,
)
OUTBOX_PUBLISH_LAG: Final = Metric(
    name="outbox_publish_lag_seconds",
    kind=Kind.HISTOGRAM,
    meaning="From the insert of a row to JetStream's acknowledgement.",
    buckets=_FAST,
    exposed_by=RELAY,
)
OUTBOX_PUBLISH_DURATION: Final = Metric(
    name="outbox_publish_duration_seconds",
    kind=Kind.HISTOGRAM,
    meaning="Publishing what one look into the outbox claimed, of all channels, up to the last "
    "acknowledgement.",
    buckets=_FAST,
    exposed_by=RELAY,
)
OUTBOX_LOST_POKES: Final = Metric(
    name="outbox_lost_pokes_total",
    kind=Kind.COUNTER,
    meaning="Polls that found rows which a poke should have announced.",
    exposed_by=RELAY,
)
RELAY_WAKEUPS: Final = Metric(
    name="outbox_relay_wakeups_total",
    kind=Kind.COUNTER,
    meaning="Looks into the outbox by their cause: poke, poll, busy (more rows were due).",
    labels=("source",),
    exposed_by=RELAY,
)
SENT_MESSAGES: Final = Metric(
    name="messaging_client_sent_messages_total",
    kind=Kind.COUNTER,
    meaning="Messages that JetStream has acknowledged.",
    labels=_SEMCONV_SENDER,
    exposed_by=RELAY,
)
OPERATION_DURATION: Final = Metric(
    name="messaging_client_operation_duration_seconds",
    kind=Kind.HISTOGRAM,
    meaning="Publishing the rows of one channel that were claimed together. error_type: empty, "
    "delayed (the stream could not take them) or refused.",
    labels=(*_SEMCONV_SENDER, "error_type"),
    buckets=_FAST,
    exposed_by=RELAY,
)

# -- consumers -------------------------------------------------------------------------------------

CONSUMED_MESSAGES: Final = Metric(
    name="messaging_client_consumed_messages_total",
    kind=Kind.COUNTER,
    meaning="Messages whose handling is committed.",
    labels=_SEMCONV_CONSUMER,
    exposed_by=SERVICE,
)
PROCESS_DURATION: Final = Metric(
    name="messaging_process_duration_seconds",
    kind=Kind.HISTOGRAM,
    meaning="One transaction over a batch of messages; its rate divides consumed messages into "
    "batches. error_type: empty, or the class of the exception that rolled it back.",
    labels=(*_SEMCONV_CONSUMER, "error_type"),
    buckets=_MESSAGING,
    exposed_by=SERVICE,
)
CONSUMER_PENDING: Final = Metric(
    name="messaging_consumer_pending_messages",
    kind=Kind.GAUGE,
    meaning="Messages in the stream that were not delivered yet, of the partitions that this "
    "process holds: the lag.",
    labels=_SEMCONV_CONSUMER,
    exposed_by=SERVICE,
)
CONSUMER_ACK_PENDING: Final = Metric(
    name="messaging_consumer_ack_pending_messages",
    kind=Kind.GAUGE,
    meaning="Messages delivered and not acknowledged yet, of the partitions held.",
    labels=_SEMCONV_CONSUMER,
    exposed_by=SERVICE,
)
CONSUMER_REDELIVERED: Final = Metric(
    name="messaging_consumer_redelivered_messages",
    kind=Kind.GAUGE,
    meaning="Messages delivered more than once and not acknowledged yet, of the partitions held.",
    labels=_SEMCONV_CONSUMER,
    exposed_by=SERVICE,
)
CONSUMER_LAST_FETCH: Final = Metric(
    name="messaging_consumer_last_fetch_timestamp_seconds",
    kind=Kind.GAUGE,
    meaning="When JetStream was last heard on the pull request that was silent for longest, a "
    "heartbeat included.",
    labels=_SEMCONV_CONSUMER,
    exposed_by=SERVICE,
)
CONSUMER_PARTITIONS: Final = Metric(
    name="messaging_consumer_partitions",
    kind=Kind.GAUGE,
    meaning="Partitions that the consumer has.",
    labels=_SEMCONV_CONSUMER,
    exposed_by=SERVICE,
)
CONSUMER_PARTITIONS_HELD: Final = Metric(
    name="messaging_consumer_partitions_held",
    kind=Kind.GAUGE,
    meaning="Partitions that this process reads; all processes of a service together hold all.",
    labels=_SEMCONV_CONSUMER,
    exposed_by=SERVICE,
)
INBOX_DUPLICATES: Final = Metric(
    name="inbox_duplicate_messages_total",
    kind=Kind.COUNTER,
    meaning="Messages dropped because the inbox had taken them in before.",
    labels=_CONSUMER,
    exposed_by=SERVICE,
)
DEFERRED_MESSAGES: Final = Metric(
    name="deferred_messages_total",
    kind=Kind.COUNTER,
    meaning="Messages that were set aside to wait, by reason: failed, unknown-type, behind, "
    "locked (by a semantic lock).",
    labels=("consumer", "reason"),
    exposed_by=SERVICE,
)
WAITING_MESSAGES: Final = Metric(
    name="waiting_messages",
    kind=Kind.GAUGE,
    meaning="Messages that wait in the service's database, counted up to 20,000. Of the whole "
    "database: take the maximum over its processes.",
    labels=("consumer", "reason"),
    exposed_by=SERVICE,
)
WAITING_OLDEST_AGE: Final = Metric(
    name="waiting_oldest_message_age_seconds",
    kind=Kind.GAUGE,
    meaning="How long the first of the waiting messages has waited. Of the whole database.",
    labels=_CONSUMER,
    exposed_by=SERVICE,
)
SEMANTIC_LOCKS: Final = Metric(
    name="semantic_locks",
    kind=Kind.GAUGE,
    meaning="Locks by state: held, or expired (never released, and free to be taken); counted up "
    "to 20,000. Of the whole database.",
    labels=("lock", "state"),
    exposed_by=SERVICE,
)
SEMANTIC_LOCK_OLDEST_AGE: Final = Metric(
    name="semantic_lock_oldest_age_seconds",
    kind=Kind.GAUGE,
    meaning="How long the lock that was taken first has been held. Of the whole database.",
    labels=("lock",),
    exposed_by=SERVICE,
)
SEMANTIC_LOCK_WAITERS: Final = Metric(
    name="semantic_lock_waiters",
    kind=Kind.GAUGE,
    meaning="Messages that wait for a lock. Of the whole database.",
    labels=("lock",),
    exposed_by=SERVICE,
)
PENDING_ANSWERS: Final = Metric(
    name="pending_answers",
    kind=Kind.GAUGE,
    meaning="Commands that were taken and are to be answered later, by their type; counted up to "
    "20,000. Of the whole database.",
    labels=("command",),
    exposed_by=SERVICE,
)
PENDING_ANSWER_OLDEST_AGE: Final = Metric(
    name="pending_answer_oldest_age_seconds",
    kind=Kind.GAUGE,
    meaning="How long the oldest of these commands has waited for its answer; 0 where none waits. "
    "Of the whole database.",
    exposed_by=SERVICE,
)
DEAD_LETTERS: Final = Metric(
    name="dead_letter_messages_total",
    kind=Kind.COUNTER,
    meaning="Messages given up, by reason: malformed, unreadable, "
    "retries-exhausted, not-projected (a view's).",
    labels=("consumer", "reason"),
    exposed_by=SERVICE,
)
DEAD_LETTER_BACKLOG: Final = Metric(
    name="dead_letter_backlog_messages",
    kind=Kind.GAUGE,
    meaning="Dead letters neither redriven nor archived, counted up to 20,000. Of the whole "
    "database.",
    labels=_CONSUMER,
    exposed_by=SERVICE,
)

# -- sagas -----------------------------------------------------------------------------------------

SAGA_STARTED: Final = Metric(
    name="saga_started_total",
    kind=Kind.COUNTER,
    meaning="Sagas started.",
    labels=("saga_type",),
    exposed_by=SERVICE,
)
SAGA_FINISHED: Final = Metric(
    name="saga_finished_total",
    kind=Kind.COUNTER,
    meaning="Sagas that ended or were parked, by outcome: completed, compensated, needs_attention.",
    labels=("saga_type", "outcome"),
    exposed_by=SERVICE,
)
SAGA_IN_PROGRESS: Final = Metric(
    name="saga_in_progress",
    kind=Kind.GAUGE,
    meaning="Sagas that have not ended, by state: running, compensating, needs_attention; "
    "counted up to 20,000. Of the whole database: take the maximum over its processes.",
    labels=("saga_type", "state"),
    exposed_by=SERVICE,
)
SAGA_VERSION_NOT_LOADED: Final = Metric(
    name="saga_version_not_loaded",
    kind=Kind.GAUGE,
    meaning="Sagas that have not ended and whose version this process does not have; 0 for those "
    "that it has. Of the whole database: the minimum over its processes is what nobody takes on.",
    labels=("saga_type", "version"),
    exposed_by=SERVICE,
)
SAGA_RETRYING: Final = Metric(
    name="saga_retrying",
    kind=Kind.GAUGE,
    meaning="Sagas on their way whose step is at its second attempt or a later one: failing "
    "while running. Of the whole database.",
    labels=_SAGA_STEP,
    exposed_by=SERVICE,
)
SAGA_OLDEST_AGE: Final = Metric(
    name="saga_oldest_in_progress_age_seconds",
    kind=Kind.GAUGE,
    meaning="Age of the oldest saga on its way, those that need attention left out. Of the whole "
    "database.",
    labels=("saga_type",),
    exposed_by=SERVICE,
)
SAGA_DURATION: Final = Metric(
    name="saga_duration_seconds",
    kind=Kind.HISTOGRAM,
    meaning="From the start of a saga to its end.",
    labels=("saga_type", "outcome"),
    buckets=_SAGA,
    exposed_by=SERVICE,
)
SAGA_STEP_DURATION: Final = Metric(
    name="saga_step_duration_seconds",
    kind=Kind.HISTOGRAM,
    meaning="From the last command sent for a step to its answer.",
    labels=_SAGA_STEP,
    buckets=_SAGA,
    exposed_by=SERVICE,
)
SAGA_COMPENSATIONS: Final = Metric(
    name="saga_compensations_total",
    kind=Kind.COUNTER,
    meaning="Steps whose undoing was begun.",
    labels=("saga_type", "step"),
    exposed_by=SERVICE,
)
SAGA_STEP_TIMEOUTS: Final = Metric(
    name="saga_step_timeouts_total",
    kind=Kind.COUNTER,
    meaning="Commands whose answer did not come in time.",
    labels=_SAGA_STEP,
    exposed_by=SERVICE,
)
SAGA_INTERVENTIONS: Final = Metric(
    name="saga_interventions_total",
    kind=Kind.COUNTER,
    meaning="What operators and users did to sagas, by move: retry, skip, compensate, complete, "
    "cancel, pause, resume.",
    labels=("saga_type", "move"),
    exposed_by=SERVICE,
)
SAGA_TIMERS_LAG: Final = Metric(
    name="saga_timers_lag_seconds",
    kind=Kind.GAUGE,
    meaning="How long the time-out, retry or deadline that is due first has been due; 0 if none "
    "is. Of the whole database.",
    exposed_by=SERVICE,
)

# -- flows by choreography -------------------------------------------------------------------------

FLOW_OVERDUE: Final = Metric(
    name="flow_overdue",
    kind=Kind.GAUGE,
    meaning="Flows whose next event has not come in its time, by what is awaited. Of the whole "
    "database: take the maximum over its processes.",
    labels=("flow", "awaits"),
    exposed_by=SERVICE,
)
FLOW_OLDEST_AGE: Final = Metric(
    name="flow_oldest_in_progress_age_seconds",
    kind=Kind.GAUGE,
    meaning="Age of the oldest flow that has not ended. Of the whole database.",
    labels=("flow",),
    exposed_by=SERVICE,
)

# -- views -----------------------------------------------------------------------------------------

VIEW_APPLIED: Final = Metric(
    name="view_applied_events_total",
    kind=Kind.COUNTER,
    meaning="Events that were read and taken in, whether the view shows them or not.",
    labels=("view", "state"),
    exposed_by=SERVICE,
)
VIEW_LAG: Final = Metric(
    name="view_lag_messages",
    kind=Kind.GAUGE,
    meaning="Events that the streams have and the generation has not taken in, by state: live, "
    "building. Of the whole database: take the maximum over its processes.",
    labels=_VIEW,
    exposed_by=SERVICE,
)
VIEW_LAG_SECONDS: Final = Metric(
    name="view_lag_seconds",
    kind=Kind.GAUGE,
    meaning="How long ago the first of them was stored; 0 if there is none. Of the whole database.",
    labels=_VIEW,
    exposed_by=SERVICE,
)
VIEW_PROGRESS: Final = Metric(
    name="view_progress_ratio",
    kind=Kind.GAUGE,
    meaning="The share of its events that a generation has taken in. Of the whole database.",
    labels=_VIEW,
    exposed_by=SERVICE,
)
VIEW_IDLE: Final = Metric(
    name="view_idle_seconds",
    kind=Kind.GAUGE,
    meaning="How long nothing was taken in of the partition that has been left alone longest "
    "although it has events; 0 if none has. Of the whole database.",
    labels=_VIEW,
    exposed_by=SERVICE,
)
VIEW_WAITS: Final = Metric(
    name="view_waits",
    kind=Kind.GAUGE,
    meaning="1 if a generation is not swapped in before a person does something; `chassis views "
    "list` says what. Of the whole database.",
    labels=_VIEW,
    exposed_by=SERVICE,
)
VIEW_INCOMPLETE: Final = Metric(
    name="view_incomplete_partitions",
    kind=Kind.GAUGE,
    meaning="Partitions whose stream has lost events before the generation has read them, and no "
    "snapshot has made up for it. Of the whole database.",
    labels=_VIEW,
    exposed_by=SERVICE,
)

# -- HTTP and database -----------------------------------------------------------------------------

HTTP_DURATION: Final = Metric(
    name="http_server_request_duration_seconds",
    kind=Kind.HISTOGRAM,
    meaning="Requests to the API, probes and scrapes left out. http_route is the template, empty "
    "where none matches.",
    labels=("http_request_method", "http_route", "http_response_status_code"),
    buckets=_HTTP,
    exposed_by=API,
)
DB_CONNECTIONS: Final = Metric(
    name="db_client_connection_count",
    kind=Kind.GAUGE,
    meaning="Connections of the pool by state: used, idle.",
    labels=("db_client_connection_state",),
    exposed_by=SERVICE,
)
DB_CONNECTIONS_MAX: Final = Metric(
    name="db_client_connection_max",
    kind=Kind.GAUGE,
    meaning="Connections that the pool may open.",
    exposed_by=SERVICE,
)

# -- gateway ---------------------------------------------------------------------------------------

UPSTREAM_DURATION: Final = Metric(
    name="gateway_upstream_duration_seconds",
    kind=Kind.HISTOGRAM,
    meaning="Calls of a service, repetitions included, by outcome: answered, refused (the service "
    "said no), timeout, unavailable, circuit-open, overloaded, unreadable.",
    labels=("upstream", "outcome"),
    buckets=_HTTP,
    exposed_by=GATEWAY,
)
UPSTREAM_RETRIES: Final = Metric(
    name="gateway_upstream_retries_total",
    kind=Kind.COUNTER,
    meaning="Calls that were made again because the one before failed in passing.",
    labels=("upstream",),
    exposed_by=GATEWAY,
)
CIRCUIT_OPEN: Final = Metric(
    name="gateway_circuit_open",
    kind=Kind.GAUGE,
    meaning="1 from when the service is left alone, because it keeps failing, to the first call "
    "that it answers again. Of this process.",
    labels=("upstream",),
    exposed_by=GATEWAY,
)
RATE_LIMITED: Final = Metric(
    name="gateway_rate_limited_requests_total",
    kind=Kind.COUNTER,
    meaning="Requests answered 429, by whose limit was spent: address, subject.",
    labels=("limit",),
    exposed_by=GATEWAY,
)

ALL: Final = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
