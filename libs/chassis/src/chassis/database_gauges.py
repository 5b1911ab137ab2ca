"""Gauges that only a service's database can fill: sagas, messages that wait, that are dead or to be
answered, locks; its pool.

One bounded statement over indexes fills all of them, and none of it is on any hot path.
"""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from prometheus_client import Gauge
from sqlalchemy.pool import QueuePool

from chassis.consumers.deferral import Reason
from chassis.metrics import catalogue
from chassis.persistence.database import Database
from chassis.sagas.definition import SagaDefinition
from chassis.sagas.state import SagaState

_COUNTED_AT_MOST: Final = 20_000
_PATIENCE_SECONDS: Final = 5.0
_LIVE_STATES: Final = tuple(state.value for state in SagaState if not state.is_ended)

# The predicates are those of partial indexes: what has ended, however much it is, is not looked at.
SURVEY: Final = f"""
WITH live AS MATERIALIZED (
    SELECT saga_type, definition_version, state, step, direction, attempt, created_at, wake_at
    FROM saga_instances WHERE wake_at IS NOT NULL ORDER BY wake_at LIMIT {_COUNTED_AT_MOST}
), parked AS (
    SELECT saga_type, definition_version, state
    FROM saga_instances WHERE state = 'NEEDS_ATTENTION' LIMIT {_COUNTED_AT_MOST}
), waiting AS (
    SELECT consumer, reason, deferred_at, lock_name
    FROM deferred_messages ORDER BY id LIMIT {_COUNTED_AT_MOST}
), dead AS (
    SELECT consumer FROM dead_letters WHERE redriven_at IS NULL AND archived_at IS NULL
    LIMIT {_COUNTED_AT_MOST}
), unanswered AS (
    SELECT wire_type, asked_at FROM pending_answers ORDER BY asked_at LIMIT {_COUNTED_AT_MOST}
), locks AS (
    SELECT name, CASE WHEN expires_at > now() THEN 'held' ELSE 'expired' END AS state, taken_at
    FROM semantic_locks ORDER BY taken_at LIMIT {_COUNTED_AT_MOST}
)
SELECT 'in progress' AS kind, saga_type AS first, state AS second, NULL AS third,
       count(*)::float8 AS amount, min(created_at) AS since
FROM live GROUP BY saga_type, state
UNION ALL
SELECT 'in progress', saga_type, state, NULL, count(*), NULL FROM parked GROUP BY saga_type, state
UNION ALL
SELECT 'on version', saga_type, definition_version::text, NULL, count(*), NULL
FROM (SELECT saga_type, definition_version FROM live
      UNION ALL SELECT saga_type, definition_version FROM parked) AS in_flight
GROUP BY saga_type, definition_version
UNION ALL
SELECT 'retrying', saga_type, step, direction, count(*), NULL
FROM live WHERE attempt > 1 GROUP BY saga_type, step, direction
UNION ALL
SELECT 'due first', NULL, NULL, NULL, NULL, min(wake_at) FROM live
UNION ALL
SELECT 'waiting', consumer, reason, NULL, count(*), min(deferred_at)
FROM waiting GROUP BY consumer, reason
UNION ALL
SELECT 'dead', consumer, NULL, NULL, count(*), NULL FROM dead GROUP BY consumer
UNION ALL
SELECT 'unanswered', wire_type, NULL, NULL, count(*), NULL FROM unanswered GROUP BY wire_type
UNION ALL
SELECT 'asked first', NULL, NULL, NULL, NULL, min(asked_at) FROM unanswered
UNION ALL
SELECT 'locks', name, state, NULL, count(*), min(taken_at) FROM locks GROUP BY name, state
UNION ALL
SELECT 'lock waiters', lock_name, NULL, NULL, count(*), NULL
FROM waiting WHERE lock_name IS NOT NULL GROUP BY lock_name
"""  # noqa: S608 - constants

_DATABASE_UP: Final = catalogue.DATABASE_UP.gauge()
_IN_PROGRESS: Final = catalogue.SAGA_IN_PROGRESS.gauge()
_NOT_LOADED: Final = catalogue.SAGA_VERSION_NOT_LOADED.gauge()
_RETRYING: Final = catalogue.SAGA_RETRYING.gauge()
_OLDEST_SAGA: Final = catalogue.SAGA_OLDEST_AGE.gauge()
_TIMERS_LAG: Final = catalogue.SAGA_TIMERS_LAG.gauge()
_WAITING: Final = catalogue.WAITING_MESSAGES.gauge()
_OLDEST_WAITING: Final = catalogue.WAITING_OLDEST_AGE.gauge()
_DEAD_LETTERS: Final = catalogue.DEAD_LETTER_BACKLOG.gauge()
_UNANSWERED: Final = catalogue.PENDING_ANSWERS.gauge()
_OLDEST_UNANSWERED: Final = catalogue.PENDING_ANSWER_OLDEST_AGE.gauge()
_LOCKS: Final = catalogue.SEMANTIC_LOCKS.gauge()
_OLDEST_LOCK: Final = catalogue.SEMANTIC_LOCK_OLDEST_AGE.gauge()
_LOCK_WAITERS: Final = catalogue.SEMANTIC_LOCK_WAITERS.gauge()
_POOL: Final = catalogue.DB_CONNECTIONS.gauge()
_POOL_MAX: Final = catalogue.DB_CONNECTIONS_MAX.gauge()


class DatabaseGauges:
    """The gauges of one service.

    What is expected is shown as 0 where there is none of it; whatever else is found is shown too.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._consumers: set[str] = set()
        self._sagas: set[tuple[str, str]] = set()

    def expect_consumer(self, name: str) -> None:
        self._consumers.add(name)

    def expect_sagas(self, sagas: Iterable[SagaDefinition]) -> None:
        self._sagas.update((saga.saga_type, str(saga.version)) for saga in sagas)

    async def survey(self) -> None:
        """Ask the database; raises what it raises, and the gauges keep their values then."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                rows = await self._fetch()
        except BaseException:
            _DATABASE_UP.set(0)
            raise
        _DATABASE_UP.set(1)
        self._show_nothing()
        _Findings(now=datetime.now(UTC), loaded=self._sagas).show(rows)

    def show_pool(self) -> None:
        """The pool as it is now; asks nobody."""
        pool = self._database.engine.pool
        assert isinstance(pool, QueuePool), "Database makes no other"
        _POOL.labels("used").set(pool.checkedout())
        _POOL.labels("idle").set(pool.checkedin())
        _POOL_MAX.set(pool.size())

    async def _fetch(self) -> list[Any]:
        """Past the pool, which is busy just when the gauges matter."""
        connection = await self._database.connect_driver()
        try:
            return list(await connection.fetch(SURVEY))
        finally:
            await connection.close(timeout=1)

    def _show_nothing(self) -> None:
        for gauge in (_IN_PROGRESS, _RETRYING, _OLDEST_SAGA, _WAITING, _OLDEST_WAITING):
            gauge.clear()
        _DEAD_LETTERS.clear()
        for gauge in (_UNANSWERED, _LOCKS, _OLDEST_LOCK, _LOCK_WAITERS):
            gauge.clear()
        _NOT_LOADED.clear()
        for loaded in self._sagas:
            _NOT_LOADED.labels(*loaded).set(0)
        for saga_type in {saga_type for saga_type, _ in self._sagas}:
            _OLDEST_SAGA.labels(saga_type).set(0)
            for state in _LIVE_STATES:
                _IN_PROGRESS.labels(saga_type, state.lower()).set(0)
        for consumer in self._consumers:
            _OLDEST_WAITING.labels(consumer).set(0)
            _DEAD_LETTERS.labels(consumer).set(0)
            for reason in Reason:
                _WAITING.labels(consumer, reason).set(0)


class _Findings:
    def __init__(self, *, now: datetime, loaded: Collection[tuple[str, str]]) -> None:
        self._now = now
        self._loaded = loaded
        self._ages: dict[tuple[Gauge, str], float] = {}

    def show(self, rows: Sequence[Any]) -> None:
        for row in rows:
            self._show(row)
        for (gauge, label), age in self._ages.items():
            gauge.labels(label).set(age)

    def _show(self, row: Any) -> None:
        match row["kind"]:
            case "in progress":
                _IN_PROGRESS.labels(row["first"], row["second"].lower()).set(row["amount"])
                self._note_age(_OLDEST_SAGA, row["first"], row["since"])
            case "on version" if (row["first"], row["second"]) not in self._loaded:
                _NOT_LOADED.labels(row["first"], row["second"]).set(row["amount"])
            case "retrying":
                _RETRYING.labels(row["first"], row["second"], row["third"]).set(row["amount"])
            case "due first":
                _TIMERS_LAG.set(self._seconds_since(row["since"]))
            case "waiting":
                _WAITING.labels(row["first"], row["second"]).set(row["amount"])
                self._note_age(_OLDEST_WAITING, row["first"], row["since"])
            case "dead":
                _DEAD_LETTERS.labels(row["first"]).set(row["amount"])
            case "unanswered":
                _UNANSWERED.labels(row["first"]).set(row["amount"])
            case "asked first":
                _OLDEST_UNANSWERED.set(self._seconds_since(row["since"]))
            case _:
                self._show_locks(row)

    def _show_locks(self, row: Any) -> None:
        match row["kind"]:
            case "locks":
                _LOCKS.labels(row["first"], row["second"]).set(row["amount"])
                if row["second"] == "held":
                    _OLDEST_LOCK.labels(row["first"]).set(self._seconds_since(row["since"]))
            case "lock waiters":
                _LOCK_WAITERS.labels(row["first"]).set(row["amount"])

    def _note_age(self, gauge: Gauge, label: str, since: datetime | None) -> None:
        """The oldest of several groups is the oldest of all."""
        age = self._seconds_since(since)
        self._ages[gauge, label] = max(age, self._ages.get((gauge, label), 0.0))

    def _seconds_since(self, since: datetime | None) -> float:
        """Not negative: the database's clock may be ahead, and what is due may be due later."""
        return 0.0 if since is None else max((self._now - since).total_seconds(), 0.0)
