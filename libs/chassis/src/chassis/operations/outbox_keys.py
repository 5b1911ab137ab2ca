"""What is in a service's outbox, key by key, and letting a parked key go on."""

from typing import Any, Final

import asyncpg

from chassis.operations.audit import Operator, audited
from chassis.operations.errors import NotThereError

_PENDING: Final = """
SELECT o.key, count(*) AS rows, extract(epoch FROM clock_timestamp() - min(created_at))::bigint
       AS oldest_seconds, count(DISTINCT o.subject) AS subjects,
       EXISTS (SELECT FROM outbox_parked AS p WHERE p.key = o.key) AS parked
FROM outbox AS o WHERE $1::text IS NULL OR o.key = $1
GROUP BY o.key ORDER BY min(o.id) LIMIT $2
"""
_PARKED: Final = """
SELECT p.key, p.subject, p.error, p.attempts, p.parked_at, coalesce(behind.rows, 0) AS rows_waiting
FROM outbox_parked AS p
LEFT JOIN (
    SELECT key, count(*) AS rows FROM outbox
    WHERE key IN (SELECT key FROM outbox_parked) GROUP BY key
) AS behind ON behind.key = p.key
ORDER BY p.parked_at LIMIT $1
"""
_RELEASE: Final = """
DELETE FROM outbox_parked WHERE key = $1 RETURNING key, subject, error, attempts, parked_at
"""


async def pending(
    connection: asyncpg.Connection, key: str | None, limit: int
) -> list[dict[str, Any]]:
    """Keys with rows that are not published yet, the one that has waited longest first."""
    return [dict(row) for row in await connection.fetch(_PENDING, key, limit)]


async def parked(connection: asyncpg.Connection, limit: int) -> list[dict[str, Any]]:
    """Keys that are parked behind a row that cannot be published, and what JetStream said."""
    return [dict(row) for row in await connection.fetch(_PARKED, limit)]


async def release(connection: asyncpg.Connection, key: str, operator: Operator) -> dict[str, Any]:
    """Let the relay try a parked key again, with the caller's transaction; returns what it was.

    Raises NotThereError for a key that is not parked.
    """
    released = await connection.fetchrow(_RELEASE, key)
    if released is None:
        raise NotThereError(f"'{key}' is not parked; `chassis outbox parked` lists what is.")
    was = {name: released[name] for name in ("subject", "error", "attempts", "parked_at")}
    await audited(connection, "outbox.release", key, operator.reason, by=operator.by, arguments=was)
    return dict(released)
