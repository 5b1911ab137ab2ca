"""The stored instances and their log, written set by set.

Any number of instances, together with their log entries, is one statement. Rows are locked in the
order of their ids, so that two batches wait for each other and never deadlock.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.envelope import Direction
from chassis.outbox.joined import fetch_all_with_messages
from chassis.persistence.database import fetch_all
from chassis.sagas import statements
from chassis.sagas.definitions import Definitions
from chassis.sagas.state import LogEntry, SagaInstance, SagaState
from chassis.sagas.stored import decode_branches, decode_parent, encode_branches, encode_parent


class UnknownInstanceError(LookupError):
    """There is no such saga in this service's database."""


class ConcurrentChangeError(Exception):
    """An instance has changed since it was read: roll back, read it again and repeat."""


class Instances:
    """The instances in a service's own database, read with the definitions that are loaded."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions

    async def lock(
        self, session: AsyncSession, saga_ids: Sequence[UUID]
    ) -> dict[UUID, SagaInstance]:
        """The instances that exist, locked; raises UnknownSagaError for a version not loaded."""
        rows = await fetch_all(session, statements.LOCK, list(saga_ids))
        return {row.saga_id: self._instance(row) for row in rows}

    async def lock_due(
        self, session: AsyncSession, now: datetime, limit: int, saga_id: UUID | None = None
    ) -> list[SagaInstance]:
        """Instances that may have something due, or one of them, locked; others' are left to them.

        Those whose last command was answered in time have nothing due: `reschedule` them.
        """
        loaded = self._definitions
        rows = await fetch_all(
            session, statements.LOCK_DUE, now, saga_id, loaded.types, loaded.versions, limit
        )
        return [self._instance(row) for row in rows]

    async def next_due(self, session: AsyncSession, limit: int = 1) -> list[tuple[UUID, datetime]]:
        """Which instances have something due next, and when; nothing is locked."""
        loaded = self._definitions
        rows = await fetch_all(session, statements.NEXT_DUE, loaded.types, loaded.versions, limit)
        return [(row.saga_id, row.wake_at) for row in rows]

    async def insert(
        self, session: AsyncSession, instance: SagaInstance, log: Sequence[LogEntry]
    ) -> None:
        """Store a new instance, with what the session has published so far."""
        await fetch_all_with_messages(
            session,
            statements.INSERT,
            *_columns_of_log(log),
            *_state_of(instance),
            instance.saga_type,
            instance.definition_version,
            instance.subject_key,
            instance.created_at,
            encode_parent(instance.parent),
        )

    async def update(
        self, session: AsyncSession, instances: Sequence[SagaInstance], log: Sequence[LogEntry]
    ) -> None:
        """Store what moved, with what the session has published so far.

        Raises ConcurrentChangeError if any of it is not as it was read.
        """
        states = _columns(map(_state_of, instances), width=17)
        updated = await fetch_all_with_messages(
            session,
            statements.UPDATE,
            *_columns_of_log(log),
            *states,
            [entry.body for entry in log],
        )
        if len(updated) < len(instances):
            missed = {instance.saga_id for instance in instances} - {row[0] for row in updated}
            raise ConcurrentChangeError(
                f"changed meanwhile: {', '.join(str(saga_id) for saga_id in sorted(missed))}"
            )

    async def reschedule(self, session: AsyncSession, saga_ids: Sequence[UUID]) -> None:
        """Look at these again when the next thing is due for them, and not before."""
        await fetch_all(session, statements.RESCHEDULE, list(saga_ids))

    async def postpone(self, session: AsyncSession, saga_id: UUID, until: datetime) -> None:
        """Leave what is due for an instance until later."""
        await fetch_all(session, statements.POSTPONE, saga_id, until)

    def _instance(self, row: Any) -> SagaInstance:
        saga = self._definitions.of(row.saga_type, row.definition_version)
        return SagaInstance(
            saga_id=row.saga_id,
            saga_type=row.saga_type,
            definition_version=row.definition_version,
            subject_key=row.subject_key,
            created_at=row.created_at,
            data=saga.data_type.model_validate_json(row.data),
            state=SagaState(row.state),
            step=row.step,
            direction=Direction(row.direction),
            attempt=row.attempt,
            command_id=row.command_id,
            done=tuple(orjson.loads(row.done)),
            error=row.error,
            due_at=row.due_at,
            deadline=row.deadline,
            paused_at=row.paused_at,
            branches=decode_branches(row.branches),
            parent=decode_parent(row.parent),
            ended_at=row.ended_at,
            version=row.version,
            trace=row.trace,
        )


def _state_of(instance: SagaInstance) -> tuple[object, ...]:
    return (
        instance.saga_id,
        instance.version,
        instance.state.value,
        instance.step,
        instance.direction.value,
        instance.attempt,
        instance.command_id,
        instance.data.model_dump_json(),
        orjson.dumps(instance.done).decode(),
        instance.error,
        instance.due_at,
        instance.deadline,
        instance.ended_at,
        instance.wake_at,
        instance.trace,
        instance.paused_at,
        encode_branches(instance.branches),
    )


def _columns_of_log(log: Sequence[LogEntry]) -> list[list[object]]:
    rows = (
        (
            entry.saga_id,
            entry.at,
            entry.kind.value,
            entry.step,
            entry.direction.value if entry.direction else None,
            entry.attempt,
            entry.message_id,
            entry.outcome.value if entry.outcome else None,
            entry.detail,
        )
        for entry in log
    )
    return _columns(rows, width=9)


def _columns(rows: Iterable[tuple[object, ...]], width: int) -> list[list[object]]:
    """Parallel lists; where there is no row, as many empty ones."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return columns or [[] for _ in range(width)]
