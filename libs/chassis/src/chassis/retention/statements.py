"""The SQL of forgetting: each statement removes a bounded number of rows and returns one for each.

Ids of messages and sagas are UUIDv7, so that the oldest rows stand together at the beginning of a
primary key, and no index on a time has to be kept. `$1` is the lowest id of the time until which
rows go, `$2` that time, `$3` how many at the most. What somebody has in hand is left for later.
"""

# A skip scan: as many steps as there are consumers, whatever the number of messages
CONSUMERS = """
WITH RECURSIVE names AS (
    (SELECT consumer FROM received_messages ORDER BY consumer LIMIT 1)
    UNION ALL
    SELECT (SELECT consumer FROM received_messages AS more
            WHERE more.consumer > names.consumer ORDER BY consumer LIMIT 1)
    FROM names WHERE names.consumer IS NOT NULL
)
SELECT consumer FROM names WHERE consumer IS NOT NULL
"""

INBOX = """
DELETE FROM received_messages WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM received_messages
    WHERE consumer = $4 AND message_id < $1 AND received_at < $2
    ORDER BY message_id LIMIT $3
)) RETURNING 1
"""

STEPS = """
DELETE FROM participant_steps WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM participant_steps
    WHERE saga_id < $1 AND recorded_at < $2
    ORDER BY saga_id LIMIT $3 FOR UPDATE SKIP LOCKED
)) RETURNING 1
"""

SAGAS = """
WITH ended AS (
    DELETE FROM saga_instances WHERE saga_id = ANY (ARRAY(
        SELECT saga_id FROM saga_instances
        WHERE saga_id < $1 AND ended_at < $2
        ORDER BY saga_id LIMIT $3 FOR UPDATE SKIP LOCKED
    )) RETURNING saga_id
), logged AS (
    DELETE FROM saga_log USING ended WHERE saga_log.saga_id = ended.saga_id
)
SELECT 1 FROM ended
"""

IDEMPOTENCY_KEYS = """
DELETE FROM idempotency_keys WHERE key = ANY (ARRAY(
    SELECT key FROM idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT $2
)) RETURNING 1
"""

# Expired long ago, with nobody to take it since: its key may never be wanted again
LOCKS = """
DELETE FROM semantic_locks WHERE (name, key) IN (
    SELECT name, key FROM semantic_locks
    WHERE taken_at < $1 AND expires_at < $1
    ORDER BY taken_at LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING 1
"""

DEAD_LETTERS = """
DELETE FROM dead_letters WHERE id = ANY (ARRAY(
    SELECT id FROM dead_letters
    WHERE redriven_at < $1 OR archived_at < $1
    ORDER BY id LIMIT $2
)) RETURNING 1
"""
