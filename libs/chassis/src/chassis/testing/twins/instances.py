"""The twin of the stored saga instances: the same contract, over a `Store`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.sagas.definitions import Definitions
from chassis.sagas.instances import ConcurrentChangeError, Instances
from chassis.sagas.state import EntryKind, LogEntry, SagaInstance
from chassis.testing.twins.session import TwinSyncSession
from chassis.testing.twins.store import Store

SAGAS, WAKE_AT, LOG = "saga_instances", "saga_wake_at", "saga_log"


class TwinInstances(Instances):
    """Keeps instances; their data go through JSON, as on their way into a row and back."""

    def __init__(self, definitions: Definitions) -> None:
        super().__init__(definitions)
        self._loaded = set(zip(definitions.types, definitions.versions, strict=True))

    async def lock(
        self, session: AsyncSession, saga_ids: Sequence[UUID]
    ) -> dict[UUID, SagaInstance]:
        store = _store(session)
        found = ((saga_id, store.get(SAGAS, saga_id)) for saga_id in saga_ids)
        return {saga_id: instance for saga_id, instance in found if instance is not None}

    async def lock_due(
        self, session: AsyncSession, now: datetime, limit: int, saga_id: UUID | None = None
    ) -> list[SagaInstance]:
        store = _store(session)
        due = [one for one, at in self._waking(store) if at <= now and saga_id in (None, one)]
        return [store.get(SAGAS, one) for one in due[:limit]]  # type: ignore[misc]

    async def next_due(self, session: AsyncSession, limit: int = 1) -> list[tuple[UUID, datetime]]:
        return self._waking(_store(session))[:limit]

    async def insert(
        self, session: AsyncSession, instance: SagaInstance, log: Sequence[LogEntry]
    ) -> None:
        await session.flush()
        store = _store(session)
        self._put(store, instance)
        store.put(WAKE_AT, instance.saga_id, instance.wake_at)
        data = instance.data.model_dump_json()
        started = [replace(e, body=data) if e.kind is EntryKind.STARTED else e for e in log]
        _write_log(store, started)

    async def update(
        self, session: AsyncSession, instances: Sequence[SagaInstance], log: Sequence[LogEntry]
    ) -> None:
        await session.flush()
        store = _store(session)
        for instance in instances:
            stored = store.get(SAGAS, instance.saga_id)
            if stored is None or stored.version != instance.version:
                raise ConcurrentChangeError(f"changed meanwhile: {instance.saga_id}")
            self._put(store, replace(instance, version=instance.version + 1))
            self._wake(store, instance)
        _write_log(store, log)

    async def reschedule(self, session: AsyncSession, saga_ids: Sequence[UUID]) -> None:
        store = _store(session)
        for saga_id in saga_ids:
            instance: Any = store.get(SAGAS, saga_id)
            if store.get(WAKE_AT, saga_id) is not None:
                store.put(WAKE_AT, saga_id, instance.wake_at)

    async def postpone(self, session: AsyncSession, saga_id: UUID, until: datetime) -> None:
        store = _store(session)
        if store.get(WAKE_AT, saga_id) is not None:
            store.put(WAKE_AT, saga_id, until)

    def _waking(self, store: Store) -> list[tuple[UUID, datetime]]:
        waking = [
            (at, saga_id)
            for saga_id, at in store.items(WAKE_AT)
            if at is not None and self._has(store.get(SAGAS, saga_id))
        ]
        return [(saga_id, at) for at, saga_id in sorted(waking)]

    def _has(self, instance: Any) -> bool:
        return (instance.saga_type, instance.definition_version) in self._loaded

    def _put(self, store: Store, instance: SagaInstance) -> None:
        saga = self._definitions.of(instance.saga_type, instance.definition_version)
        data = saga.data_type.model_validate_json(instance.data.model_dump_json())
        store.put(SAGAS, instance.saga_id, replace(instance, data=data))

    def _wake(self, store: Store, moved: SagaInstance) -> None:
        stored = store.get(WAKE_AT, moved.saga_id)
        at = moved.wake_at
        if at is not None and stored is not None:
            at = min(at, stored)
        store.put(WAKE_AT, moved.saga_id, at)


def _store(session: AsyncSession) -> Store:
    sync_session = session.sync_session
    assert isinstance(sync_session, TwinSyncSession), "twins of instances live in twin databases"
    sync_session.store.enter(sync_session)
    return sync_session.store


def _write_log(store: Store, log: Sequence[LogEntry]) -> None:
    for entry in log:
        store.put(LOG, store.next_number(), entry)
