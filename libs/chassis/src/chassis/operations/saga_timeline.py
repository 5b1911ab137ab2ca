"""Everything that can be told of one saga: how it stands, what has happened, what is to come."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from chassis.messaging.envelope import Direction
from chassis.operations.audit import ActionOutcome, AuditFilter, list_actions
from chassis.operations.errors import NotThereError
from chassis.sagas.definition import SagaDefinition
from chassis.sagas.state import EntryKind, SagaState

_INSTANCE: Final = """
SELECT saga_id, saga_type, definition_version AS version, subject_key AS subject, state, step,
       direction, attempt, error, created_at, updated_at, due_at, deadline, paused_at, ended_at,
       done::text, branches::text, parent::text,
       split_part(trace #>> '{carrier,traceparent}', '-', 2) AS trace_id
FROM saga_instances WHERE saga_id = $1
"""
_LOG: Final = """
SELECT at, step, direction, kind, attempt, outcome, detail, message_id
FROM saga_log WHERE saga_id = $1 ORDER BY id
"""
_SENT: Final = (EntryKind.COMMAND, EntryKind.RETRY)
_ENDS_WAIT: Final = (
    EntryKind.REPLY,
    EntryKind.REFUSAL,
    EntryKind.TIMEOUT,
    EntryKind.IGNORED,
)
_JSON: Final = ("done", "branches", "parent")
_ACTIONS_SHOWN: Final = 100


async def timeline(
    connection: asyncpg.Connection, saga_id: UUID, definitions: Sequence[SagaDefinition] = ()
) -> dict[str, Any]:
    """An instance with its log, oldest first, and what operators did that is not in its log.

    `remaining` are the steps to come, where the instance's definition is among those given, and
    None otherwise. Raises NotThereError for an id that is none of a saga of this service.
    """
    instance = await connection.fetchrow(_INSTANCE, saga_id)
    if instance is None:
        raise NotThereError(
            f"There is no saga {saga_id} in this database; `chassis sagas list` shows those that "
            "have not ended, and each service has only the sagas that it orchestrates."
        )
    told = {**instance, **{name: _decoded(instance[name]) for name in _JSON}}
    return {
        **told,
        "remaining": _remaining(told, definitions),
        "log": list(_with_durations(await connection.fetch(_LOG, saga_id))),
        "actions": [
            action
            for action in await list_actions(
                connection, AuditFilter(target=str(saga_id)), _ACTIONS_SHOWN
            )
            if action["outcome"] != ActionOutcome.DONE
        ],
    }


def _decoded(value: str | None) -> Any:
    return None if value is None else json.loads(value)


def _with_durations(entries: Iterable[asyncpg.Record]) -> Iterator[dict[str, Any]]:
    """`seconds`: since the last command for the step was sent, where an entry ends that wait."""
    sent: dict[tuple[str | None, str | None], datetime] = {}
    for entry in entries:
        step = (entry["step"], entry["direction"])
        began = sent.get(step) if entry["kind"] in _ENDS_WAIT else None
        if entry["kind"] in _SENT:
            sent[step] = entry["at"]
        seconds = None if began is None else round((entry["at"] - began).total_seconds(), 3)
        yield {**entry, "seconds": seconds}


def _remaining(
    instance: dict[str, Any], definitions: Sequence[SagaDefinition]
) -> list[dict[str, Any]] | None:
    key = (instance["saga_type"], instance["version"])
    for saga in definitions:
        if (saga.saga_type, saga.version) == key:
            return list(_steps_to_come(saga, instance))
    return None


def _steps_to_come(saga: SagaDefinition, instance: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Those of groups one by one; what is waited for is not to come, it is there."""
    if SagaState(instance["state"]).is_ended:
        return
    if instance["direction"] == Direction.COMPENSATION:
        awaited = {branch["step"] for branch in instance["branches"] or ()} | {instance["step"]}
        for name in reversed(instance["done"]):
            if name not in awaited and saga.single_step(name).compensation is not None:
                yield {"step": name, "kind": "undo", "may_be_skipped": False}
        return
    for step in saga.single_steps_after(instance["step"]):
        yield {"step": step.name, "kind": step.kind, "may_be_skipped": step.when is not None}
