"""Slots shared by all processes on one database, held by session-level advisory locks.

Every process holds one lock that says "I am a member"; `pg_locks` shows everybody's. With n
members in sorted order, the member of rank r wants the slots s with s % n == r. PostgreSQL
grants a lock to one session at a time and frees all locks of a session that ends, so a slot
never has two holders and a dead process holds none. A transaction pooler breaks this: the
connection must be a direct one.
"""

import contextlib
import secrets
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

STATEMENT_TIMEOUT_SECONDS: Final = 10.0

# A process that vanished without closing its socket is found by keepalives within seconds.
JOIN: Final = """
SELECT set_config('tcp_keepalives_idle', '3', false),
       set_config('tcp_keepalives_interval', '1', false),
       set_config('tcp_keepalives_count', '5', false),
       pg_try_advisory_lock($1, $2)
"""

SURVEY: Final = """
SELECT classid::bigint, objid::bigint
FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objsubid = 2
  AND classid = ANY(ARRAY[$1::bigint, $2::bigint]::oid[])
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

# Never the waiting form: a blocked statement keeps a snapshot, which stops vacuum.
ACQUIRE: Final = """
SELECT slot FROM unnest($2::int[]) AS slot WHERE pg_try_advisory_lock($1, slot)
"""

RELEASE: Final = "SELECT pg_advisory_unlock($1, slot) FROM unnest($2::int[]) AS slot"

Connect = Callable[[], Awaitable[Any]]


class LeasesLostError(Exception):
    """The session that held the slots is gone; review again to connect and compete anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What one review found.

    `gained` slots are held from now on. `surplus` slots are still held but are another member's
    by right: finish what is in flight for them, then release them.
    """

    gained: frozenset[int] = field(default_factory=frozenset)
    surplus: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fleet:
    members: tuple[int, ...]
    taken: frozenset[int]


class Leases:
    """A fair share of `slots` numbered slots under one `namespace` of one database.

    `connect` opens the asyncpg connection that carries the locks; this object owns and closes it.
    `on_loss` is called at once, from the event loop, when that connection ends by itself: nothing
    is held from then on. Calls must not overlap: one task reviews and releases.
    """

    def __init__(
        self,
        connect: Connect,
        *,
        namespace: str,
        slots: int,
        on_loss: Callable[[], None] = lambda: None,
    ) -> None:
        self._connect = connect
        self._on_loss = on_loss
        self._slots = slots
        self._member_class = lock_class(f"{namespace}.members")
        self._slot_class = lock_class(f"{namespace}.slots")
        self._connection: Any = None
        self._member = 0
        self._held: frozenset[int] = frozenset()
        self._members = 0

    @property
    def held(self) -> frozenset[int]:
        """Slots that this process holds now; empty as soon as the connection is gone."""
        return self._held

    @property
    def members(self) -> int:
        """Processes that shared the slots at the last review, this one included; 0 if not one."""
        return self._members

    @property
    def connection(self) -> Any:
        """The session that holds the slots: a statement on it fails once they are lost.

        Raises LeasesLostError when there is none.
        """
        if self._connection is None:
            raise LeasesLostError("no session holds the slots: review first")
        return self._connection

    async def review(self) -> Change:
        """See who is there and take the missing slots of the own share that are free.

        Costs one statement, and a second one only when there is a slot to take; connects first
        when there is no connection. Raises LeasesLostError when the database cannot be reached.
        """
        with self._losing():
            if self._connection is None:
                await self._join()
            fleet = await self._survey()
            share = self._share(fleet)
            gained = await self._acquire(share - fleet.taken)
        return Change(gained=gained, surplus=self._held - share)

    async def release(self, slots: Iterable[int]) -> None:
        """Give the slots up. Call it when nothing is in flight for them any more."""
        given_up = self._held & frozenset(slots)
        if not given_up:
            return
        self._held -= given_up
        with self._losing():
            await self._fetch(RELEASE, self._slot_class, sorted(given_up))

    async def close(self) -> None:
        """Release everything and leave the members; the next review joins again."""
        connection, self._connection = self._connection, None
        self._forget()
        if connection is not None:
            connection.remove_termination_listener(self._terminated)
            try:
                await connection.close(timeout=STATEMENT_TIMEOUT_SECONDS)
            except (
                OSError,
                TimeoutError,
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
                asyncpg.InternalClientError,
            ):
                connection.terminate()  # the server frees the locks of a broken session as well

    async def _join(self) -> None:
        self._connection = await self._connect()
        self._connection.add_termination_listener(self._terminated)
        joined = False
        while not joined:  # another member may have drawn the same number
            self._member = secrets.randbelow(2**31)
            joined = (await self._fetch(JOIN, self._member_class, self._member))[0][-1]

    async def _survey(self) -> _Fleet:
        locks = await self._fetch(SURVEY, _as_oid(self._member_class), _as_oid(self._slot_class))
        fleet = _Fleet(
            members=tuple(sorted(number for kind, number in locks if self._is_member(kind))),
            taken=frozenset(number for kind, number in locks if not self._is_member(kind)),
        )
        self._members = len(fleet.members)
        return fleet

    def _is_member(self, lock_class: int) -> bool:
        return lock_class == _as_oid(self._member_class)

    def _share(self, fleet: _Fleet) -> frozenset[int]:
        if self._member not in fleet.members:
            raise asyncpg.InterfaceError(
                "own lock not seen: connect directly, not through a pooler"
            )
        rank = fleet.members.index(self._member)
        return frozenset(range(rank, self._slots, len(fleet.members)))

    async def _acquire(self, free: frozenset[int]) -> frozenset[int]:
        if not free:
            return frozenset()
        rows = await self._fetch(ACQUIRE, self._slot_class, sorted(free))
        gained = frozenset(row[0] for row in rows)
        self._held |= gained
        return gained

    async def _fetch(self, statement: str, *arguments: object) -> list[Any]:
        rows: list[Any] = await self.connection.fetch(
            statement, *arguments, timeout=STATEMENT_TIMEOUT_SECONDS
        )
        return rows

    @contextlib.contextmanager
    def _losing(self) -> Iterator[None]:
        """Turn every failure of the session into the loss of all slots: half a session is none."""
        try:
            yield
        except (
            OSError,
            TimeoutError,
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            asyncpg.InternalClientError,
        ) as error:
            self._drop()
            raise LeasesLostError(f"the session that holds the slots failed: {error}") from error

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
        self._forget()

    def _terminated(self, connection: Any) -> None:
        if connection is self._connection:
            self._forget()
            self._on_loss()

    def _forget(self) -> None:
        self._connection = None
        self._held = frozenset()
        self._members = 0


def lock_class(name: str) -> int:
    """The advisory lock's first key: a signed 32-bit hash of a name."""
    unsigned = zlib.crc32(name.encode())
    return unsigned - 2**32 if unsigned >= 2**31 else unsigned


def _as_oid(lock_class: int) -> int:
    """The same key as `pg_locks` shows it: unsigned."""
    return lock_class % 2**32
