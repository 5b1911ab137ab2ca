"""Finding sagas in a service's database, whatever their number there."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from chassis.sagas.state import SagaState

# Spelled as the predicates of the partial indexes, which hold only what has not ended
_BY_ITSELF: Final = "wake_at IS NOT NULL"
_PARKED: Final = "state = 'NEEDS_ATTENTION'"
_PAUSED: Final = "paused_at IS NOT NULL"
_NOT_ENDED: Final = f"({_BY_ITSELF} OR {_PARKED} OR {_PAUSED})"
_OVERDUE: Final = """(
    least(due_at, deadline) < clock_timestamp()
    OR EXISTS (SELECT FROM saga_log WHERE saga_log.saga_id = i.saga_id AND kind = 'deadline')
)"""
_FAILING: Final = f"({_BY_ITSELF} AND (attempt > 1 OR error IS NOT NULL))"
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
    conditions: list[str] = []
    values: list[Any] = []
    for condition, *value in _conditions(wanted):
        values += value
        conditions.append(condition.format(f"${len(values)}"))
    # a saga's id, a UUIDv7, says when it was started: the primary key is the order
    statement = f"""
        SELECT {_COLUMNS} FROM saga_instances AS i WHERE {" AND ".join(conditions)}
        ORDER BY saga_id {"DESC" if wanted.newest_first else "ASC"} LIMIT ${len(values) + 1}
    """  # noqa: S608 - of constants; values are parameters
    return [dict(row) for row in await connection.fetch(statement, *values, limit)]


def _conditions(wanted: SagaFilter) -> Iterator[tuple[Any, ...]]:
    """Conditions with a place for a parameter, and its value."""
    yield (_of_states(wanted.states) if wanted.states or not wanted.saga_ids else "true",)
    if wanted.saga_ids:
        yield "saga_id = ANY({}::uuid[])", list(wanted.saga_ids)
    if wanted.saga_type is not None:
        yield "saga_type = {}", wanted.saga_type
    if wanted.version is not None:
        yield "definition_version = {}", wanted.version
    if wanted.step is not None:
        yield "step = {}", wanted.step
    if wanted.subject is not None:
        yield "subject_key = {}", wanted.subject
    if wanted.created_before is not None:
        yield "created_at <= {}", wanted.created_before
    if wanted.error is not None:
        yield "position(lower({}) IN lower(error)) > 0", wanted.error
    if wanted.failing:
        yield (_FAILING,)
    if wanted.overdue:
        yield (f"{_NOT_ENDED} AND {_OVERDUE}",)
    if wanted.paused:
        yield (_PAUSED,)
    if wanted.after is not None:
        yield "saga_id < {}" if wanted.newest_first else "saga_id > {}", wanted.after


def _of_states(states: tuple[SagaState, ...]) -> str:
    if not states:
        return _NOT_ENDED
    return "(" + " OR ".join(_of_state(state) for state in states) + ")"


def _of_state(state: SagaState) -> str:
    equal = f"state = '{state.value}'"
    return f"(({_BY_ITSELF} OR {_PAUSED}) AND {equal})" if state.is_live else equal
