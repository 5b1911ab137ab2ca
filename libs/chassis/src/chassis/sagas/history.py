"""Reading what became of sagas: the instances about a subject, each with its log."""

from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.envelope import Direction
from chassis.persistence.database import fetch_all
from chassis.sagas import statements
from chassis.sagas.state import Branch, BranchState, EntryKind, SagaState
from chassis.sagas.stored import decode_branches, decode_parent


class SagaStep(BaseModel):
    """One entry of an instance's log, as an API shows it."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    step: str | None
    direction: Direction | None
    kind: EntryKind
    attempt: int
    message_id: UUID | None
    outcome: str | None
    detail: str | None


class SagaBranch(BaseModel):
    """One step of a parallel group that is under way, as an API shows it."""

    model_config = ConfigDict(frozen=True)

    step: str
    state: BranchState
    attempt: int
    due_at: datetime | None
    error: str | None


class SagaParent(BaseModel):
    """The saga that another is a step of, as an API shows it."""

    model_config = ConfigDict(frozen=True)

    saga_type: str
    saga_id: UUID
    step: str


class SagaHistory(BaseModel):
    """An instance as it stands, and everything that happened to it, oldest first.

    `step` is the one it waits for, in `direction`; if that is a group under way, `branches` are its
    steps. `wake_at` is when its next time-out, retry or deadline is due, which is never while it is
    paused, since `paused_at`. `parent` is the saga that this one is a step of, `children` are those
    that it started. `trace_id` finds the whole of it in the tracing backend, where tracing is on.
    """

    model_config = ConfigDict(frozen=True)

    saga_id: UUID
    saga_type: str
    definition_version: int
    state: SagaState
    step: str | None
    direction: Direction
    attempt: int
    error: str | None
    started_at: datetime
    ended_at: datetime | None
    deadline: datetime | None
    paused_at: datetime | None
    wake_at: datetime | None
    trace_id: str | None
    branches: tuple[SagaBranch, ...]
    parent: SagaParent | None
    children: tuple[UUID, ...]
    steps: tuple[SagaStep, ...]


async def saga_history(session: AsyncSession, subject_key: str) -> list[SagaHistory]:
    """All sagas about a subject, in the order in which they were started; children are, too."""
    instances = await fetch_all(session, statements.HISTORY, subject_key)
    entries = await fetch_all(session, statements.LOG, [row.saga_id for row in instances])
    logs: defaultdict[UUID, list[SagaStep]] = defaultdict(list)
    for entry in entries:
        logs[entry.saga_id].append(SagaStep.model_validate(entry, from_attributes=True))
    parents = {row.saga_id: parent for row in instances if (parent := _parent(row)) is not None}
    return [
        SagaHistory(
            saga_id=row.saga_id,
            saga_type=row.saga_type,
            definition_version=row.definition_version,
            state=row.state,
            step=row.step,
            direction=row.direction,
            attempt=row.attempt,
            error=row.error,
            started_at=row.created_at,
            ended_at=row.ended_at,
            deadline=row.deadline,
            paused_at=row.paused_at,
            wake_at=row.wake_at,
            trace_id=row.trace_id,
            branches=tuple(map(_branch, decode_branches(row.branches) or ())),
            parent=parents.get(row.saga_id),
            children=tuple(
                saga_id for saga_id, parent in parents.items() if parent.saga_id == row.saga_id
            ),
            steps=tuple(logs[row.saga_id]),
        )
        for row in instances
    ]


def _branch(branch: Branch) -> SagaBranch:
    return SagaBranch.model_validate(branch, from_attributes=True)


def _parent(row: Any) -> SagaParent | None:
    parent = decode_parent(row.parent)
    return None if parent is None else SagaParent.model_validate(parent, from_attributes=True)
