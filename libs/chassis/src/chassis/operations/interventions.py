"""Asking a service to move sagas, and hearing what came of it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg

from chassis.operations.audit import Operator
from chassis.operations.carrying_out import PREFIX
from chassis.operations.errors import NotThereError
from chassis.sagas.happened import Intervention

_ENTER: Final = """
INSERT INTO operator_actions (by, action, target, arguments, reason)
SELECT $1, $2, target, arguments::jsonb, $3
FROM unnest($4::text[], $5::text[]) WITH ORDINALITY AS wanted (target, arguments, place)
ORDER BY place RETURNING id
"""
_OUTCOMES: Final = """
SELECT a.id AS action, a.target AS saga_id, coalesce(a.outcome, 'OPEN') AS outcome, a.error,
       s.state, s.step, s.direction, s.paused_at
FROM operator_actions AS a LEFT JOIN saga_instances AS s ON s.saga_id = a.target::uuid
WHERE a.id = ANY($1::bigint[]) ORDER BY a.id
"""
_WITHDRAW: Final = """
UPDATE operator_actions SET done_at = clock_timestamp(), outcome = 'REFUSED', error = $2
WHERE id = $1 AND done_at IS NULL RETURNING id
"""


async def request(
    connection: asyncpg.Connection,
    move: Intervention,
    sagas: Sequence[Mapping[str, Any]],
    operator: Operator,
) -> list[int]:
    """Enter an action for each saga, with the caller's transaction; returns their numbers.

    `sagas` are as `list_sagas` has shown them: what means a step is refused by the service where a
    saga has moved on since.
    """
    seen = [{name: saga[name] for name in ("state", "step", "direction")} for saga in sagas]
    rows = await connection.fetch(
        _ENTER,
        operator.by,
        f"{PREFIX}{move.lower()}",
        operator.reason,
        [str(saga["saga_id"]) for saga in sagas],
        [json.dumps({"seen": one}) for one in seen],
    )
    return [row["id"] for row in rows]


async def outcomes(connection: asyncpg.Connection, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """What has come of actions so far, and how their sagas stand."""
    return [dict(row) for row in await connection.fetch(_OUTCOMES, list(numbers))]


async def withdraw(connection: asyncpg.Connection, number: int, operator: Operator) -> None:
    """Take back an action that no service has carried out yet.

    Raises NotThereError for one that has an outcome, or that was never entered.
    """
    told = f"withdrawn by {operator.by}: {operator.reason}"
    # waits for a process that has it in hand, and then finds that it has an outcome
    if await connection.fetchrow(_WITHDRAW, number, told) is None:
        raise NotThereError(
            f"{number} is no open action; `chassis audit --outcome open` lists those."
        )


def require_all(saga_ids: Sequence[UUID], found: Sequence[Mapping[str, Any]]) -> None:
    """Raises NotThereError with the ids that are of no saga."""
    missing = set(saga_ids) - {saga["saga_id"] for saga in found}
    if missing:
        names = ", ".join(sorted(str(saga_id) for saga_id in missing))
        raise NotThereError(f"Not in this database, or not among those chosen: {names}.")
