"""The SQL of semantic locks.

Who waits for a lock is in `deferred_messages`, in the order of their coming. A waiter that has not
been tried for a minute has no consumer any more, and is passed.
"""

from typing import Final

_QUEUE: Final = """
deferred_messages AS waiting
WHERE waiting.lock_name = $1 AND waiting.lock_key = $2
"""

# $6 is the waiter's own place in the queue, behind everybody for a newcomer; null where nobody
# waits. The same holder keeps the time at which it has taken the lock.
TAKE: Final = f"""
INSERT INTO semantic_locks AS held (name, key, holder, holder_type, taken_at, expires_at)
SELECT $1, $2, $3, $4, clock_timestamp(), clock_timestamp() + make_interval(secs => $5)
WHERE $6::bigint IS NULL
   OR NOT EXISTS (
       SELECT FROM {_QUEUE} AND waiting.id < $6 AND waiting.conversation <> $3
          AND waiting.next_attempt_at > clock_timestamp() - interval '1 minute')
   OR EXISTS (SELECT FROM semantic_locks WHERE name = $1 AND key = $2 AND holder = $3)
ON CONFLICT (name, key) DO UPDATE
SET holder = excluded.holder, holder_type = excluded.holder_type, expires_at = excluded.expires_at,
    taken_at = CASE WHEN held.holder = excluded.holder THEN held.taken_at
                    ELSE excluded.taken_at END
WHERE held.holder = excluded.holder OR held.expires_at <= clock_timestamp()
RETURNING name, key, holder, holder_type, taken_at, expires_at, false AS is_expired, 0 AS waiters
"""  # noqa: S608 - constants

RELEASE: Final = """
DELETE FROM semantic_locks WHERE name = $1 AND key = $2 AND holder = $3 RETURNING key
"""

RELEASE_WHOEVER_HOLDS: Final = """
DELETE FROM semantic_locks WHERE name = $1 AND key = $2
RETURNING name, key, holder, holder_type, taken_at
"""

# A waiter that is locked is being tried at this moment
WAKE_FIRST: Final = f"""
UPDATE deferred_messages SET next_attempt_at = clock_timestamp()
WHERE id = (SELECT waiting.id FROM {_QUEUE} ORDER BY waiting.id LIMIT 1 FOR UPDATE SKIP LOCKED)
"""  # noqa: S608 - constants

HELD: Final = """
SELECT name, key, holder, holder_type, taken_at, expires_at,
       expires_at <= clock_timestamp() AS is_expired,
       (SELECT count(*) FROM deferred_messages AS waiting
        WHERE waiting.lock_name = held.name AND waiting.lock_key = held.key)::int AS waiters
FROM semantic_locks AS held
WHERE ($1::text IS NULL OR name = $1) AND ($2::text IS NULL OR key = $2)
ORDER BY taken_at, name, key LIMIT $3
"""

# From the lock's holder to what it waits for, and to whom that belongs, and so on
CLOSES_A_CIRCLE: Final = """
WITH RECURSIVE waits_for(holder) AS (
    SELECT holder FROM semantic_locks WHERE name = $1 AND key = $2
    UNION
    SELECT held.holder
    FROM waits_for
    JOIN deferred_messages AS waiting
      ON waiting.conversation = waits_for.holder AND waiting.lock_name IS NOT NULL
    JOIN semantic_locks AS held
      ON held.name = waiting.lock_name AND held.key = waiting.lock_key
     AND held.expires_at > clock_timestamp()
)
SELECT EXISTS (SELECT FROM waits_for WHERE holder = $3)
"""
