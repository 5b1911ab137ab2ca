"""Finding sagas in a service's database, whatever their number there."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from chassis.operations.conditions import Condition, where
from chassis.sagas.state import SagaState

# Spelled as the predicates of the partial indexes, which hold only what has not ended
_BY_ITSELF: Final = "wake_at IS NOT NULL"
_PARKED: Final = "state = 'NEEDS_ATTENTION'"
_UNWOKEN: Final = "(wake_at IS NULL AND state IN ('RUNNING', 'COMPENSATING'))"
_LIVE: Final = f"({_BY_ITSELF} OR {_UNWOKEN})"
_PAUSED: Final = "paused_at IS NOT NULL"
_NOT_ENDED: Final = f"({_BY_ITSELF} OR {_UNWOKEN} OR {_PARKED})"
_OVERDUE: Final = """(
    least(due_at, deadline) < clock_timestamp()
    OR EXISTS (SELECT FROM saga_log WHERE saga_log.saga_id = i.saga_id AND kind = 'deadline')
)"""
_FAILING: Final = f"({_LIVE} AND (attempt > 1 OR error IS NOT NULL))"
_BY_VALUE: Final = {
    "saga_ids": "saga_id = ANY({}::uuid[])",
    "saga_type": "saga_type = {}",
    "version": "definition_version = {}",
    "step": "step = {}",
    "subject": "subject_key = {}",
    "created_before": "created_at <= {}",
    "error": "position(lower({}) IN lower(error)) > 0",
}
_BY_FLAG: Final = {
    "failing": _FAILING,
    "overdue": f"{_NOT_ENDED} AND {_OVERDUE}",
    "paused": _PAUSED,
}
_COLUMNS: Final = """
saga_id, saga_type, definition_version AS version, subject_key AS subject, state, step, direction,
attempt, created_at, updated_at, due_at, deadline, paused_at, ended_at, error
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SagaFilter:
    """Which sagas: all values given have to fit; without states, those that have not ended.

    `failing`: on their way, and at a second attempt or with an error. `overdue`: their time-out,
    retry or deadline has passed, or had passed before they ended. `error` is a part of the error,
    in any case. `after` is the id that the page before ended with.
    """

    saga_ids: tuple[UUID, ...] = ()
    saga_type: str | None = None
    version: int | None = None
    states: tuple[SagaState, ...] = ()
    step: str | None = None
    subject: str | None = None
    created_before: datetime | None = None
    error: str | None = None
    failing: bool = False
    overdue: bool = False
    paused: bool = False
    newest_first: bool = False
    after: UUID | None = None

    def chooses(self) -> bool:
        """Whether it says anything at all about which sagas are meant."""
        return self != SagaFilter(newest_first=self.newest_first, after=self.after)


async def list_sagas(
    connection: asyncpg.Connection, wanted: SagaFilter, limit: int
) -> list[dict[str, Any]]:
    """Sagas in the order of their start, the oldest first if not wanted otherwise."""
    condition, values = where(_conditions(wanted))
    # a saga's id, a UUIDv7, says when it was started: the primary key is the order
    statement = f"""
        SELECT {_COLUMNS} FROM saga_instances AS i WHERE {condition}
        ORDER BY saga_id {"DESC" if wanted.newest_first else "ASC"} LIMIT ${len(values) + 1}
    """  # noqa: S608 - of constants; values are parameters
    return [dict(row) for row in await connection.fetch(statement, *values, limit)]


def _conditions(wanted: SagaFilter) -> Iterator[Condition]:
    """Conditions with a place for a parameter, and its value."""
    yield (_of_states(wanted.states) if wanted.states or not wanted.saga_ids else "true",)
    for name, condition in _BY_VALUE.items():
        value = getattr(wanted, name)
        if value not in (None, ()):
            yield condition, value
    for name, condition in _BY_FLAG.items():
        if getattr(wanted, name):
            yield (condition,)
    if wanted.after is not None:
        yield "saga_id < {}" if wanted.newest_first else "saga_id > {}", wanted.after


def _of_states(states: tuple[SagaState, ...]) -> str:
    if not states:
        return _NOT_ENDED
    return "(" + " OR ".join(_of_state(state) for state in states) + ")"


def _of_state(state: SagaState) -> str:
    equal = f"state = '{state.value}'"
    return f"({_LIVE} AND {equal})" if state.is_live else equal
