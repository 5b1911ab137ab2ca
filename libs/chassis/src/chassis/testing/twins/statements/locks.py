"""The twins of what semantic locks do in the database."""

from datetime import UTC, datetime, timedelta
from typing import Any

from chassis.testing.twins.statements.rows import LOCKS, Lock, later
from chassis.testing.twins.statements.waiting import waiting
from chassis.testing.twins.store import Store

_PASSED_AFTER = timedelta(minutes=1)


def take(  # noqa: PLR0917 - a statement's parameters have no names
    store: Store,
    name: str,
    key: str,
    holder: str,
    holder_type: str,
    seconds: float,
    place: int | None,
) -> list[dict[str, Any]]:
    held: Lock | None = store.get(LOCKS, (name, key))
    is_own = held is not None and held.holder == holder
    if not is_own and place is not None and _has_others_before(store, name, key, holder, place):
        return []
    now = datetime.now(UTC)
    if held is not None and not is_own and held.expires_at > now:
        return []
    taken_at = held.taken_at if held is not None and is_own else now
    lock = Lock(name, key, holder, holder_type, taken_at, later(seconds))
    store.put(LOCKS, (name, key), lock)
    return [{**lock._asdict(), "is_expired": False, "waiters": 0}]


def release(store: Store, name: str, key: str, holder: str) -> list[tuple[str]]:
    held: Lock | None = store.get(LOCKS, (name, key))
    if held is None or held.holder != holder:
        return []
    store.remove(LOCKS, (name, key))
    return [(key,)]


def held(store: Store, name: str | None, key: str | None, limit: int) -> list[dict[str, Any]]:
    found = [
        one for one in store.rows(LOCKS) if name in (None, one.name) and key in (None, one.key)
    ]
    found.sort(key=lambda one: (one.taken_at, one.name, one.key))
    return [
        {
            **one._asdict(),
            "is_expired": one.expires_at <= datetime.now(UTC),
            "waiters": sum((w.lock_name, w.lock_key) == one[:2] for w in waiting(store)),
        }
        for one in found[:limit]
    ]


def closes_a_circle(store: Store, name: str, key: str, holder: str) -> list[tuple[bool]]:
    """From the lock's holder to what it waits for, and to whom that belongs, and so on."""
    first: Lock | None = store.get(LOCKS, (name, key))
    holders, found = [first.holder] if first else [], set[str]()
    while holders:
        one = holders.pop()
        if one not in found:
            found.add(one)
            holders += [lock.holder for lock in _waited_for_by(store, one)]
    return [(holder in found,)]


def _waited_for_by(store: Store, holder: str) -> list[Lock]:
    awaited = (
        store.get(LOCKS, (one.lock_name, one.lock_key))
        for one in waiting(store)
        if one.conversation == holder and one.lock_name is not None
    )
    now = datetime.now(UTC)
    return [lock for lock in awaited if lock is not None and lock.expires_at > now]


def _has_others_before(store: Store, name: str, key: str, holder: str, place: int) -> bool:
    return any(
        (one.lock_name, one.lock_key) == (name, key)
        and one.id < place
        and one.conversation != holder
        and one.next_attempt_at > datetime.now(UTC) - _PASSED_AFTER
        for one in waiting(store)
    )
