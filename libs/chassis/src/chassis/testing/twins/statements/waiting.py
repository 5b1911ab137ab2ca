"""The twins of what messages that wait, and dead letters, do in the database."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from chassis.testing.twins.statements.rows import (
    DEAD_LETTERS,
    DEFERRED,
    LOCKS,
    Buried,
    Deferred,
    later,
)
from chassis.testing.twins.store import Store

_NEXT_LOOK_SECONDS = 0.5


class LaneAndStep(NamedTuple):
    conversation: str
    saga_step: str | None


def defer(  # noqa: PLR0917 - a statement's parameters have no names
    store: Store,
    consumer: str,
    keys: Sequence[str],
    message_ids: Sequence[Any],
    wire_types: Sequence[str],
    subjects: Sequence[str],
    headers: Sequence[str],
    bodies: Sequence[bytes],
    reason: str,
    error: str | None,
    attempts: int,
    after_seconds: float,
    conversations: Sequence[str | None],
    saga_step: str | None,
    lock_name: str | None,
    lock_key: str | None,
) -> list[Any]:
    due = later(after_seconds)
    columns = (keys, message_ids, wire_types, subjects, headers, bodies)
    for values, lane in zip(zip(*columns, strict=True), conversations, strict=True):
        number = store.next_number()
        waits = (attempts, reason, lane, lock_name, lock_key, saga_step, consumer, error, due)
        store.put(DEFERRED, number, Deferred._make((number, *values, *waits)))
    return []


def heads(store: Store, consumer: str) -> list[Deferred]:
    """The first waiting message of each lane."""
    first: dict[tuple[str, str | None], Deferred] = {}
    for one in waiting(store):
        if one.consumer == consumer:
            first.setdefault((one.key, one.conversation), one)
    return list(first.values())


def waiting(store: Store) -> list[Deferred]:
    """All, in the order of their coming."""
    return sorted(store.rows(DEFERRED), key=lambda one: one.id)


def heads_due(store: Store, consumer: str) -> list[tuple[str, str | None]]:
    now = datetime.now(UTC)
    return [
        (one.key, one.conversation) for one in heads(store, consumer) if one.next_attempt_at <= now
    ]


def anything(store: Store, consumer: str) -> list[tuple[bool]]:
    return [(any(one.consumer == consumer for one in waiting(store)),)]


def take_head(
    store: Store, consumer: str, key: str, conversation: str | None
) -> list[tuple[Any, ...]]:
    return [
        tuple(one)[:12]
        for one in heads(store, consumer)
        if (one.key, one.conversation) == (key, conversation)
    ]


def lanes_before(store: Store, consumer: str, key: str, number: int) -> list[LaneAndStep]:
    found = (
        LaneAndStep(one.conversation, one.saga_step)
        for one in waiting(store)
        if (one.consumer, one.key) == (consumer, key) and one.id < number and one.conversation
    )
    return list(dict.fromkeys(found))


def move(store: Store, number: int, conversation: str | None) -> list[Any]:
    return _change(store, number, conversation=conversation, reason="behind")


def remove(store: Store, number: int) -> list[Any]:
    store.remove(DEFERRED, number)
    return []


def postpone(  # noqa: PLR0917
    store: Store, number: int, reason: str, error: str, attempts: int, after_seconds: float
) -> list[Any]:
    return _change(
        store,
        number,
        reason=reason,
        error=error,
        attempts=attempts,
        next_attempt_at=later(after_seconds),
        saga_step=None,
        lock_name=None,
        lock_key=None,
    )


def await_lock(  # noqa: PLR0917
    store: Store,
    number: int,
    error: str,
    conversation: str,
    saga_step: str | None,
    lock_name: str,
    lock_key: str,
    look_again_seconds: float,
) -> list[Any]:
    held = store.get(LOCKS, (lock_name, lock_key))
    # a consumer looks at what is due every half second, and not as often as it can
    next_attempt = later(_NEXT_LOOK_SECONDS)
    if held is not None and held.expires_at > datetime.now(UTC):
        next_attempt = min(held.expires_at, later(look_again_seconds))
    return _change(
        store,
        number,
        reason="locked",
        error=error,
        conversation=conversation,
        saga_step=saga_step,
        lock_name=lock_name,
        lock_key=lock_key,
        next_attempt_at=next_attempt,
    )


def withdraw(store: Store, consumer: str, key: str, conversation: str, saga_step: str) -> list[Any]:
    for one in waiting(store):
        place = (one.consumer, one.key, one.conversation, one.saga_step)
        if place == (consumer, key, conversation, saga_step):
            _change(store, one.id, next_attempt_at=datetime.now(UTC))
    return []


def wake_first(store: Store, lock_name: str, lock_key: str) -> list[Any]:
    for one in waiting(store):
        if (one.lock_name, one.lock_key) == (lock_name, lock_key):
            return _change(store, one.id, next_attempt_at=datetime.now(UTC))
    return []


def bury(store: Store, *values: Any) -> list[Any]:
    store.put(DEAD_LETTERS, store.next_number(), Buried._make(values))
    return []


def _change(store: Store, number: int, **changes: Any) -> list[Any]:
    row: Deferred | None = store.get(DEFERRED, number)
    if row is not None:
        store.put(DEFERRED, number, row._replace(**changes))
    return []
