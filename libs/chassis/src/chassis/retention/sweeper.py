"""Forgetting in the background, a few rows at a time."""

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog

from chassis.ids import first_id_at
from chassis.leases import lock_class
from chassis.metrics import catalogue
from chassis.persistence.database import Database, fetch_all
from chassis.retention import statements
from chassis.retention.policy import Retention

log = structlog.get_logger(__name__)

_FORGOTTEN: Final = catalogue.RETENTION_FORGOTTEN.counter()
_LAST_SWEEP: Final = catalogue.RETENTION_LAST_SWEEP.gauge()
_TABLES: Final = (
    *("received_messages", "participant_steps", "saga_instances", "idempotency_keys"),
    *("dead_letters", "semantic_locks"),
)
_BATCH: Final = 1000
_ONE_AT_A_TIME: Final = "SELECT pg_try_advisory_xact_lock($1, 0)"


@dataclass(frozen=True, slots=True)
class _Sweep:
    """A statement that is repeated until it finds less than a batch."""

    table: str
    statement: str
    arguments: tuple[Any, ...]


class Sweeper:
    """Forgets what a service needs no more; run one in each process, and one of them does it.

    Each batch is a transaction of its own and is followed by a rest as long as it took, so that
    half of one connection's time is all that a large backlog costs.
    """

    def __init__(
        self,
        database: Database,
        retention: Retention,
        *,
        every: timedelta = timedelta(minutes=10),
        batch: int = _BATCH,
    ) -> None:
        self._database = database
        self._retention = retention
        self._every = every
        self._batch = batch
        for table in _TABLES:
            _FORGOTTEN.labels(table)

    async def run(self) -> None:
        """Sweep until cancelled; a database that is away is swept later."""
        while True:
            # replicas that start together do not sweep together
            await asyncio.sleep(self._every.total_seconds() * random.uniform(0.5, 1))  # noqa: S311
            try:
                await self.sweep()
            except Exception as error:  # noqa: BLE001 - whatever the database does, the next sweep comes
                log.warning("nothing could be forgotten", error=str(error)[:300])

    async def sweep(self) -> dict[str, int]:
        """Forget everything that is due; the number of rows by table.

        A table that another process sweeps at this moment is left to it.
        """
        now = datetime.now(UTC)
        forgotten = dict.fromkeys(_TABLES, 0)
        for sweep in [*self._sweeps(now), *await self._inbox_sweeps(now)]:
            forgotten[sweep.table] += await self._sweep(sweep)
        _LAST_SWEEP.set(time.time())
        if any(forgotten.values()):
            log.info("forgotten", **{table: count for table, count in forgotten.items() if count})
        return forgotten

    def _sweeps(self, now: datetime) -> Iterator[_Sweep]:
        over, keys_over = now - self._retention.sagas, now - self._retention.idempotency_keys
        by_id = (first_id_at(over), over, self._batch)
        yield _Sweep("saga_instances", statements.SAGAS, by_id)
        yield _Sweep("participant_steps", statements.STEPS, by_id)
        yield _Sweep("dead_letters", statements.DEAD_LETTERS, (over, self._batch))
        yield _Sweep("semantic_locks", statements.LOCKS, (over, self._batch))
        yield _Sweep("idempotency_keys", statements.IDEMPOTENCY_KEYS, (keys_over, self._batch))

    async def _inbox_sweeps(self, now: datetime) -> list[_Sweep]:
        over = now - self._retention.inbox
        async with self._database.sessions.begin() as session:
            consumers = await fetch_all(session, statements.CONSUMERS)
        by_id = (first_id_at(over), over, self._batch)
        return [
            _Sweep("received_messages", statements.INBOX, (*by_id, consumer))
            for (consumer,) in consumers
        ]

    async def _sweep(self, sweep: _Sweep) -> int:
        forgotten, found = 0, self._batch
        while found == self._batch:
            began = time.monotonic()
            found = await self._forget(sweep)
            forgotten += found
            _FORGOTTEN.labels(sweep.table).inc(found)
            if found:
                await asyncio.sleep(time.monotonic() - began)
        return forgotten

    async def _forget(self, sweep: _Sweep) -> int:
        async with self._database.sessions.begin() as session:
            lock = lock_class(f"retention.{sweep.table}")
            [(free,)] = await fetch_all(session, _ONE_AT_A_TIME, lock)
            return len(await fetch_all(session, sweep.statement, *sweep.arguments)) if free else 0
