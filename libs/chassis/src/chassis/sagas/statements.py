"""The SQL of the saga tables.

Arrays are parallel: one element an instance, or one an entry of the log. An instance is started by
itself, so its values come singly, which spares the server a scan of as many arrays. Columns are
named one by one, so that a migration may add some while the service runs. What instances send goes
with what is stored of them.
"""

from chassis.outbox.session import insert_messages

LOCK = """
SELECT saga_id, saga_type, definition_version, subject_key, data::text, state, step, direction,
       attempt, command_id, done::text, error, due_at, deadline, paused_at, branches::text,
       parent::text, created_at, ended_at, version, trace::text
FROM saga_instances
WHERE saga_id = ANY($1::uuid[])
ORDER BY saga_id
FOR UPDATE
"""

# What another replica has in hand is skipped; the condition is checked again on the locked row, so
# that what another has just fired is not fired twice.
LOCK_DUE = """
SELECT saga_id, saga_type, definition_version, subject_key, data::text, state, step, direction,
       attempt, command_id, done::text, error, due_at, deadline, paused_at, branches::text,
       parent::text, created_at, ended_at, version, trace::text
FROM saga_instances
WHERE wake_at <= $1
  AND ($2::uuid IS NULL OR saga_id = $2)
  AND (saga_type, definition_version) IN (SELECT * FROM unnest($3::text[], $4::int[]))
ORDER BY wake_at, saga_id
LIMIT $5
FOR UPDATE SKIP LOCKED
"""

NEXT_DUE = """
SELECT saga_id, wake_at
FROM saga_instances
WHERE wake_at IS NOT NULL
  AND (saga_type, definition_version) IN (SELECT * FROM unnest($1::text[], $2::int[]))
ORDER BY wake_at, saga_id
LIMIT $3
"""

RESCHEDULE = """
UPDATE saga_instances SET wake_at = least(due_at, deadline)
WHERE saga_id = ANY($1::uuid[]) AND wake_at IS NOT NULL
"""

POSTPONE = """
UPDATE saga_instances SET wake_at = $2 WHERE saga_id = $1 AND wake_at IS NOT NULL
"""

INSERT = f"""
WITH sent AS ({insert_messages(first=32)}),
logged AS (
    INSERT INTO saga_log
        (saga_id, at, kind, step, direction, attempt, message_id, outcome, detail, body)
    SELECT entry.*, CASE kind WHEN 'started' THEN $17::jsonb END
    FROM unnest(
        $1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::int[], $7::uuid[],
        $8::text[], $9::text[]
    ) AS entry(saga_id, at, kind, step, direction, attempt, message_id, outcome, detail)
)
INSERT INTO saga_instances
    (saga_id, version, state, step, direction, attempt, command_id, data, done, error, due_at,
     deadline, ended_at, wake_at, trace, paused_at, branches, saga_type, definition_version,
     subject_key, created_at, updated_at, parent)
VALUES
    ($10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28,
     $29, $30, $30, $31)
"""  # noqa: S608 - constants

# `wake_at` moves on by RESCHEDULE only: a step that is answered leaves it as it is, so no index has
# a new entry, and the row is updated within its page
UPDATE = f"""
WITH sent AS ({insert_messages(first=28)}),
logged AS (
    INSERT INTO saga_log
        (saga_id, at, kind, step, direction, attempt, message_id, outcome, detail, body)
    SELECT saga_id, at, kind, step, direction, attempt, message_id, outcome, detail, body::jsonb
    FROM unnest(
        $1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::int[], $7::uuid[],
        $8::text[], $9::text[], $27::text[]
    ) AS entry(saga_id, at, kind, step, direction, attempt, message_id, outcome, detail, body)
)
UPDATE saga_instances AS stored
SET version = stored.version + 1, state = moved.state, step = moved.step,
    direction = moved.direction, attempt = moved.attempt, command_id = moved.command_id,
    data = moved.data::jsonb, done = moved.done::jsonb, error = moved.error,
    due_at = moved.due_at, deadline = moved.deadline, ended_at = moved.ended_at,
    wake_at = CASE WHEN moved.wake_at IS NOT NULL THEN least(stored.wake_at, moved.wake_at) END,
    trace = moved.trace::jsonb, paused_at = moved.paused_at, branches = moved.branches::jsonb,
    updated_at = clock_timestamp()
FROM unnest(
    $10::uuid[], $11::int[], $12::text[], $13::text[], $14::text[], $15::int[], $16::uuid[],
    $17::text[], $18::text[], $19::text[], $20::timestamptz[], $21::timestamptz[],
    $22::timestamptz[], $23::timestamptz[], $24::text[], $25::timestamptz[], $26::text[]
) AS moved(
    saga_id, version, state, step, direction, attempt, command_id, data, done, error, due_at,
    deadline, ended_at, wake_at, trace, paused_at, branches)
WHERE stored.saga_id = moved.saga_id AND stored.version = moved.version
RETURNING stored.saga_id
"""  # noqa: S608 - constants

HISTORY = """
SELECT saga_id, saga_type, definition_version, state, step, direction, attempt, error, created_at,
       ended_at, deadline, paused_at, branches::text, parent::text,
       CASE WHEN wake_at IS NOT NULL THEN least(due_at, deadline) END AS wake_at,
       split_part(trace #>> '{carrier,traceparent}', '-', 2) AS trace_id
FROM saga_instances
WHERE subject_key = $1
ORDER BY created_at, saga_id
"""

LOG = """
SELECT saga_id, at, step, direction, kind, attempt, message_id, outcome, detail
FROM saga_log
WHERE saga_id = ANY($1::uuid[])
ORDER BY id
"""

# The conditions are those of partial indexes: what has ended, however much it is, is in none. No
# timer wakes what is paused, or waits for a sub-saga however long that takes.
_IS_LIVE = """(
    wake_at IS NOT NULL OR state = 'NEEDS_ATTENTION'
    OR (wake_at IS NULL AND state IN ('RUNNING', 'COMPENSATING'))
)"""

NOT_LOADED = f"""
SELECT saga_type, definition_version AS version, count(*) AS live, min(created_at) AS oldest
FROM saga_instances
WHERE {_IS_LIVE}
  AND (saga_type, definition_version) NOT IN (SELECT * FROM unnest($1::text[], $2::int[]))
GROUP BY saga_type, definition_version ORDER BY saga_type, definition_version
"""  # noqa: S608 - constants

VERSIONS = f"""
SELECT saga_type, definition_version AS version, count(*) AS live,
       count(*) FILTER (WHERE state = 'NEEDS_ATTENTION') AS needs_attention,
       count(*) FILTER (WHERE paused_at IS NOT NULL) AS paused,
       min(created_at) AS oldest,
       (array_agg(saga_id ORDER BY created_at))[1] AS oldest_id
FROM saga_instances WHERE {_IS_LIVE}
GROUP BY saga_type, definition_version
"""  # noqa: S608 - constants
