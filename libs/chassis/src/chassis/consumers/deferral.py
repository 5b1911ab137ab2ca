"""Messages that wait in the service's own database: those that failed, those of a type that nobody
handles yet, and those behind one of the same key.

Waiting here rather than unacknowledged on the stream is what keeps the order of a key across
crashes: the next process sees that the key has something waiting before it handles what follows.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.incoming import Incoming
from chassis.persistence.database import fetch_all

_DEFER = """
INSERT INTO deferred_messages
    (consumer, key, message_id, wire_type, subject, headers, body, reason, error, attempts,
     next_attempt_at)
SELECT $1, key, message_id, wire_type, subject, headers::jsonb, body, $8, $9, $10,
       clock_timestamp() + make_interval(secs => $11)
FROM unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bytea[])
     WITH ORDINALITY AS m (key, message_id, wire_type, subject, headers, body, place)
ORDER BY place
"""

_HEADS_DUE = """
SELECT key FROM (
    SELECT DISTINCT ON (key) key, next_attempt_at
    FROM deferred_messages WHERE consumer = $1 ORDER BY key, id
) AS head
WHERE next_attempt_at <= clock_timestamp() LIMIT 100
"""

_ANYTHING = "SELECT EXISTS (SELECT FROM deferred_messages WHERE consumer = $1)"

# FOR UPDATE waits rather than skips: a locked head must never let its successor overtake it
_TAKE_HEAD = """
SELECT id, key, message_id, wire_type, subject, headers, body, attempts, reason
FROM deferred_messages WHERE consumer = $1 AND key = $2 ORDER BY id LIMIT 1 FOR UPDATE
"""

_REMOVE = "DELETE FROM deferred_messages WHERE id = $1"

_POSTPONE = """
UPDATE deferred_messages
SET reason = $2, error = $3, attempts = $4,
    next_attempt_at = clock_timestamp() + make_interval(secs => $5)
WHERE id = $1
"""


class Reason(StrEnum):
    """Why a message waits."""

    FAILED = "failed"
    UNKNOWN_TYPE = "unknown-type"
    BEHIND = "behind"
    REDRIVEN = "redriven"


@dataclass(frozen=True, slots=True)
class DeferredMessage:
    """The first waiting message of a key."""

    id: int
    key: str
    message_id: UUID
    wire_type: str
    subject: str
    headers: Mapping[str, str]
    body: bytes
    attempts: int
    reason: Reason


async def defer(
    session: AsyncSession,
    consumer: str,
    messages: Sequence[Incoming],
    *,
    reason: Reason,
    after: timedelta = timedelta(),
    error: str | None = None,
    attempts: int = 0,
) -> None:
    """Let messages wait, in their order, with the caller's transaction."""
    received = [message.received for message in messages if message.received]
    await fetch_all(
        session,
        _DEFER,
        consumer,
        [message.key for message in received],
        [message.message_id for message in received],
        [message.wire_type for message in received],
        [message.subject for message in messages],
        [json.dumps(message.raw_headers) for message in messages],
        [message.body for message in messages],
        reason.value,
        error,
        attempts,
        after.total_seconds(),
    )


async def keys_due(session: AsyncSession, consumer: str) -> list[str]:
    """Keys whose first waiting message may be tried now."""
    return [row[0] for row in await fetch_all(session, _HEADS_DUE, consumer)]


async def anything_waiting(session: AsyncSession, consumer: str) -> bool:
    return bool((await fetch_all(session, _ANYTHING, consumer))[0][0])


async def take_head(session: AsyncSession, consumer: str, key: str) -> DeferredMessage | None:
    """Lock the first waiting message of a key until the caller's transaction ends."""
    rows = await fetch_all(session, _TAKE_HEAD, consumer, key)
    if not rows:
        return None
    row = list(rows[0])
    row[5] = json.loads(row[5]) if isinstance(row[5], str) else row[5]
    row[8] = Reason(row[8])
    return DeferredMessage(*row)


async def remove(session: AsyncSession, deferred: DeferredMessage) -> None:
    await fetch_all(session, _REMOVE, deferred.id)


async def postpone(
    session: AsyncSession,
    deferred: DeferredMessage,
    *,
    reason: Reason,
    after: timedelta,
    error: str,
    attempts: int,
) -> None:
    """Let a waiting message wait on, at the head of its key."""
    await fetch_all(
        session, _POSTPONE, deferred.id, reason.value, error, attempts, after.total_seconds()
    )
