"""The audit: every operator's action is a row of `operator_actions`, with who did it and why."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import asyncpg

_ENTER: Final = """
INSERT INTO operator_actions (by, action, target, arguments, reason, done_at, outcome)
VALUES ($1, $2, $3, $4::text::jsonb, $5, clock_timestamp(), 'DONE')
RETURNING id
"""
_LIST: Final = """
SELECT id, requested_at, by, action, target, arguments::text, reason, done_at,
       coalesce(outcome, 'OPEN') AS outcome, error
FROM operator_actions
WHERE ($1::text IS NULL OR target = $1)
  AND ($2::text IS NULL OR starts_with(action, $2))
  AND ($3::text IS NULL OR by = $3)
  AND ($4::text IS NULL OR coalesce(outcome, 'OPEN') = $4)
  AND ($5::timestamptz IS NULL OR requested_at >= $5)
  AND ($6::bigint IS NULL OR id < $6)
ORDER BY id DESC LIMIT $7
"""


class ActionOutcome(StrEnum):
    """What came of an operator's action; OPEN: a service has yet to carry it out."""

    OPEN = "OPEN"
    DONE = "DONE"
    REFUSED = "REFUSED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Who does something to a service, and why; neither may be empty."""

    by: str
    reason: str


async def audited(
    connection: asyncpg.Connection,
    action: str,
    target: str,
    reason: str,
    *,
    by: str,
    arguments: Mapping[str, Any] | None = None,
) -> int:
    """Enter an action that the caller's transaction carries out, and return its number.

    `action` is the command in words with a dot, such as `outbox.release`; `target` is what it is
    about, such as a key. The row is committed or rolled back with what is done.
    """
    values = (by, action, target, json.dumps(arguments or {}, default=str), reason)
    number: int = await connection.fetchval(_ENTER, *values)
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which actions: all values given have to fit. `action` is a beginning, such as `sagas.`."""

    target: str | None = None
    action: str | None = None
    by: str | None = None
    outcome: ActionOutcome | None = None
    since: datetime | None = None
    before: int | None = None


async def list_actions(
    connection: asyncpg.Connection, wanted: AuditFilter, limit: int
) -> list[dict[str, Any]]:
    """The newest actions first; `before` is a number that the page before ended with."""
    rows = await connection.fetch(
        _LIST,
        wanted.target,
        wanted.action,
        wanted.by,
        wanted.outcome,
        wanted.since,
        wanted.before,
        limit,
    )
    return [{**row, "arguments": json.loads(row["arguments"])} for row in rows]
