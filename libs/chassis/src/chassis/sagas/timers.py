"""The clock of sagas: step time-outs, retries and deadlines.

What is due is in the database, so it survives restarts, and each instance is fired by whichever
process locks it first. A process sleeps until the next time it knows of: it learns of those that it
writes itself at once, and of everybody's at least every `idle_poll`.
"""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import structlog

from chassis.persistence.database import Database
from chassis.sagas.orchestrator import SagaOrchestrator
from chassis.telemetry.attempts import attempt

log = structlog.get_logger(__name__)
T = TypeVar("T")

_BATCH = 100
_PAUSE = timedelta(milliseconds=100)
_PAUSE_AFTER_FAILURE = timedelta(seconds=1)
_POSTPONED_BY = timedelta(seconds=30)


class SagaTimers:
    """Fires what falls due for the sagas of one orchestrator; run one in each process."""

    def __init__(
        self,
        database: Database,
        orchestrator: SagaOrchestrator,
        *,
        idle_poll: timedelta = timedelta(seconds=10),
    ) -> None:
        self._database = database
        self._orchestrator = orchestrator
        self._idle_poll = idle_poll

    async def run(self) -> None:
        """Run until cancelled; the transaction in hand is finished first."""
        while True:
            try:
                look_again = await _finish(self._fire_what_is_due())
            except Exception:  # the clock outlives whatever the database does
                log.exception("saga timers failed")
                look_again = _now() + _PAUSE_AFTER_FAILURE
            await self._orchestrator.alarm.sleep(look_again)

    async def _fire_what_is_due(self) -> datetime:
        """Fire what is due, and say when to look again."""
        next_due = await self._next_due(limit=1)
        idle_until = _now() + self._idle_poll
        if not next_due:
            return idle_until
        _, due_at = next_due[0]
        if due_at > _now():
            return min(due_at, idle_until)
        fired = await self._fire_batch()
        # due and not fired: it is in the hands of another process
        return _now() if fired else _now() + _PAUSE

    async def _fire_batch(self) -> int:
        try:
            return await self._fire(limit=_BATCH)
        except Exception as error:  # noqa: BLE001 - a local step may raise anything; each is tried alone
            log.info("due sagas are tried one by one", error=type(error).__name__)
        return sum([await self._fire_alone(saga_id) for saga_id, _ in await self._next_due(_BATCH)])

    async def _fire_alone(self, saga_id: UUID) -> int:
        try:
            return await self._fire(limit=1, saga_id=saga_id)
        except Exception:  # the others must not wait for one that fails
            log.exception("due saga postponed", saga_id=str(saga_id))
        async with self._database.sessions.begin() as session:
            until = _now() + _POSTPONED_BY
            await self._orchestrator.instances.postpone(session, saga_id, until)
        return 0

    async def _fire(self, *, limit: int, saga_id: UUID | None = None) -> int:
        with attempt():
            return await self._fire_in_one_transaction(limit, saga_id)

    async def _fire_in_one_transaction(self, limit: int, saga_id: UUID | None) -> int:
        async with self._database.sessions.begin() as session:
            return await self._orchestrator.fire(session, now=_now(), limit=limit, saga_id=saga_id)

    async def _next_due(self, limit: int) -> list[tuple[UUID, datetime]]:
        async with self._database.sessions() as session:
            # one statement and no transaction around it: this is what an idle service costs
            await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            return await self._orchestrator.instances.next_due(session, limit)


def _now() -> datetime:
    return datetime.now(UTC)


async def _finish(work: Coroutine[Any, Any, T]) -> T:
    """Let the work end even when the caller is cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait((task,))
        raise
