"""Messages that wait in the service's own database: those that failed, those of a type that nobody
handles yet, those that need a semantic lock that is taken, and those behind one of these.

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
from chassis.consumers.lanes import Lane, Lanes
from chassis.locks.errors import LockAwaitedError, LockDeadlockError, LockTakenError
from chassis.messaging.envelope import Direction, ReceivedMessage
from chassis.persistence.database import fetch_all
from chassis.persistence.storable import storable

_DEFER = """
INSERT INTO deferred_messages
    (consumer, key, message_id, wire_type, subject, headers, body, reason, error, attempts,
     next_attempt_at, conversation, saga_step, lock_name, lock_key)
SELECT $1, key, message_id, wire_type, subject, headers::jsonb, body, $8, $9, $10,
       clock_timestamp() + make_interval(secs => $11), conversation, $13, $14, $15
FROM unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bytea[], $12::text[])
     WITH ORDINALITY AS m (key, message_id, wire_type, subject, headers, body, conversation, place)
ORDER BY place
"""

_HEADS_DUE = """
SELECT key, conversation FROM (
    SELECT DISTINCT ON (key, conversation) key, conversation, next_attempt_at
    FROM deferred_messages WHERE consumer = $1 ORDER BY key, conversation, id
) AS head
WHERE next_attempt_at <= clock_timestamp() LIMIT 100
"""

_ANYTHING = "SELECT EXISTS (SELECT FROM deferred_messages WHERE consumer = $1)"

# FOR UPDATE waits rather than skips: a locked head must never let its successor overtake it
_TAKE_HEAD = """
SELECT id, key, message_id, wire_type, subject, headers, body, attempts, reason, conversation,
       lock_name, lock_key
FROM deferred_messages
WHERE consumer = $1 AND key = $2 AND conversation IS NOT DISTINCT FROM $3
ORDER BY id LIMIT 1 FOR UPDATE
"""

# What waits for a lock is in lanes of its own beside the rest of its key
_LANES = """
SELECT DISTINCT conversation, saga_step FROM deferred_messages
WHERE consumer = $1 AND key = $2 AND id < $3 AND conversation IS NOT NULL
"""

_MOVE = """
UPDATE deferred_messages SET conversation = $2, reason = 'behind' WHERE id = $1
"""

_REMOVE = "DELETE FROM deferred_messages WHERE id = $1"

_POSTPONE = """
UPDATE deferred_messages
SET reason = $2, error = $3, attempts = $4,
    next_attempt_at = clock_timestamp() + make_interval(secs => $5),
    saga_step = NULL, lock_name = NULL, lock_key = NULL
WHERE id = $1
"""

# Until the lock is released, which wakes who waits first, or expires; and now and then in between,
# since a release that commits at this moment wakes nobody. A lock that is free has others before.
_AWAIT = """
UPDATE deferred_messages AS waiting
SET reason = 'locked', error = $2, conversation = $3, saga_step = $4, lock_name = $5,
    lock_key = $6,
    next_attempt_at = coalesce(
        (SELECT least(held.expires_at, clock_timestamp() + make_interval(secs => $7))
         FROM semantic_locks AS held
         WHERE held.name = $5 AND held.key = $6 AND held.expires_at > clock_timestamp()),
        clock_timestamp())
WHERE waiting.id = $1
"""

_WITHDRAW = """
UPDATE deferred_messages SET next_attempt_at = clock_timestamp()
WHERE consumer = $1 AND key = $2 AND conversation = $3 AND saga_step = $4
"""

_LOOK_AGAIN_SECONDS = 3.0


class Reason(StrEnum):
    """Why a message waits."""

    FAILED = "failed"
    UNKNOWN_TYPE = "unknown-type"
    BEHIND = "behind"
    REDRIVEN = "redriven"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class DeferredMessage:
    """The first waiting message of a lane."""

    id: int
    key: str
    message_id: UUID
    wire_type: str
    subject: str
    headers: Mapping[str, str]
    body: bytes
    attempts: int
    reason: Reason
    conversation: str | None
    lock_name: str | None
    lock_key: str | None


async def defer(
    session: AsyncSession,
    consumer: str,
    messages: Sequence[Incoming],
    *,
    reason: Reason,
    after: timedelta = timedelta(),
    error: str | None = None,
    attempts: int = 0,
    lanes: Sequence[Lane] = (),
    awaited: LockTakenError | None = None,
) -> None:
    """Let messages wait, in their order, with the caller's transaction.

    Each waits in its lane of `lanes`, or holds up its key. `awaited` is the lock that they need.
    """
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
        None if error is None else storable(error),
        attempts,
        after.total_seconds(),
        [lane.conversation for lane in lanes] or [None] * len(received),
        _locked_step(received[0]) if awaited else None,
        awaited.name if awaited else None,
        awaited.key if awaited else None,
    )


async def lanes_due(session: AsyncSession, consumer: str) -> list[Lane]:
    """Lanes whose first waiting message may be tried now."""
    return [Lane(row[0], row[1]) for row in await fetch_all(session, _HEADS_DUE, consumer)]


async def anything_waiting(session: AsyncSession, consumer: str) -> bool:
    return bool((await fetch_all(session, _ANYTHING, consumer))[0][0])


async def take_head(session: AsyncSession, consumer: str, lane: Lane) -> DeferredMessage | None:
    """Lock the first waiting message of a lane until the caller's transaction ends."""
    rows = await fetch_all(session, _TAKE_HEAD, consumer, lane.key, lane.conversation)
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
    """Let a waiting message wait on, at the head of its lane."""
    await fetch_all(
        session,
        _POSTPONE,
        deferred.id,
        reason.value,
        storable(error),
        attempts,
        after.total_seconds(),
    )


async def lanes_before(session: AsyncSession, consumer: str, head: DeferredMessage) -> Lanes:
    """The lanes beside a key's own that anything waits in since before `head`."""
    rows = await fetch_all(session, _LANES, consumer, head.key, head.id)
    return Lanes((Lane(head.key, row.conversation), row.saga_step) for row in rows)


async def move(session: AsyncSession, head: DeferredMessage, lane: Lane) -> None:
    """Have a waiting message wait in another lane of its key."""
    await fetch_all(session, _MOVE, head.id, lane.conversation)


async def await_lock(
    session: AsyncSession, head: DeferredMessage, received: ReceivedMessage, lock: LockTakenError
) -> None:
    """Let a waiting message wait for a lock, in its conversation's own lane."""
    await fetch_all(
        session,
        _AWAIT,
        head.id,
        str(lock)[:1000],
        received.correlation_id,
        _locked_step(received),
        lock.name,
        lock.key,
        _LOOK_AGAIN_SECONDS,
    )


async def withdraw(session: AsyncSession, consumer: str, undone: ReceivedMessage) -> None:
    """Have a step that waits for a lock tried at once: it was undone, and is answered so."""
    assert undone.saga is not None, "only a saga's steps are undone"
    await fetch_all(
        session, _WITHDRAW, consumer, undone.key, undone.correlation_id, undone.saga.step
    )


def waits_for(lock: LockTakenError, received: ReceivedMessage) -> bool:
    """Whether the message waits for the lock: a command may be refused, and nothing else can be."""
    if isinstance(lock, LockAwaitedError):
        return True
    return isinstance(lock, LockDeadlockError) and received.reply_to is None


def lane_of_locked(received: ReceivedMessage) -> tuple[Lane, str | None]:
    """The lane that the message waits in for a lock, and the step that waits there."""
    return Lane(received.key, received.correlation_id), _locked_step(received)


def _locked_step(received: ReceivedMessage) -> str | None:
    saga = received.saga
    return saga.step if saga and saga.direction is Direction.ACTION else None
