"""A service's dead letters: finding them, grouping them by what went wrong, putting them away."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg

from chassis.operations.audit import Operator, audited
from chassis.operations.conditions import Condition, where
from chassis.operations.errors import NotThereError

OPEN: Final = "redriven_at IS NULL AND archived_at IS NULL"

# What has no readable headers cannot be handled whoever tries: it can only be archived. Nor can a
# view's (`<view>@<generation>`): other events of its key have passed it, so the view is rebuilt.
REDRIVABLE: Final = "reason <> 'malformed' AND position('@' IN consumer) = 0"

# The same mistake about another order is the same: ids first, for they contain numbers
_PATTERN: Final = r"""
regexp_replace(regexp_replace(regexp_replace(left(error, 500),
    '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}', '<id>', 'gi'),
    '\m(0x)?[0-9a-f]{12,}\M', '<id>', 'gi'),
    '\d+([.,]\d+)*', '<n>', 'g')
"""
_GROUP: Final = f"""
left(encode(sha256(convert_to(concat_ws(E'\\n', consumer, coalesce(wire_type, ''), reason,
    {_PATTERN}), 'UTF8')), 'hex'), 10)
"""
_BY_VALUE: Final = {
    "ids": "id = ANY({}::bigint[])",
    "consumer": "consumer = {}",
    "wire_type": "wire_type = {}",
    "key": "key = {}",
    "containing": "position({} IN error) > 0",
    "died_before": "dead_at <= {}",
    "died_after": "dead_at >= {}",
    "group": f"{_GROUP.replace('{', '{{').replace('}', '}}')} = {{}}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterFilter:
    """Which open dead letters: all values given have to fit. `group` is as `groups` has it."""

    ids: tuple[int, ...] = ()
    group: str | None = None
    consumer: str | None = None
    wire_type: str | None = None
    key: str | None = None
    containing: str | None = None
    died_before: datetime | None = None
    died_after: datetime | None = None

    def given(self) -> dict[str, Any]:
        """What it says."""
        return {name: value for name, value in asdict(self).items() if value not in (None, ())}

    def told(self) -> str:
        """What it says, in a line."""
        said = (f"{name}={value}" for name, value in self.given().items() if name != "ids")
        return " ".join((*(str(one) for one in self.ids[:20]), *said)) or "all"

    def conditions(self) -> Iterator[Condition]:
        yield (OPEN,)
        for name, condition in _BY_VALUE.items():
            value = getattr(self, name)
            if value not in (None, ()):
                yield condition, list(value) if isinstance(value, tuple) else value


async def list_letters(
    connection: asyncpg.Connection, wanted: LetterFilter, limit: int, after: int = 0
) -> list[dict[str, Any]]:
    """Open dead letters, oldest first; `after` is the id that the page before ended with."""
    condition, values = where((*wanted.conditions(), ("id > {}", after)))
    statement = f"""
        SELECT id, consumer, key, wire_type, reason, error, attempts, dead_at, message_id,
               {_GROUP} AS "group"
        FROM dead_letters WHERE {condition} ORDER BY id LIMIT ${len(values) + 1}
    """  # noqa: S608 - of constants; values are parameters
    return [dict(row) for row in await connection.fetch(statement, *values, limit)]


async def group_letters(
    connection: asyncpg.Connection, wanted: LetterFilter, limit: int
) -> list[dict[str, Any]]:
    """Open dead letters by consumer, type and what went wrong, the largest group first.

    `error` is the error without its ids and numbers, `example` one as it came.
    """
    condition, values = where(wanted.conditions())
    statement = f"""
        SELECT {_GROUP} AS "group", consumer, wire_type, reason, {_PATTERN} AS error,
               count(*) AS letters, count(DISTINCT key) AS keys, min(dead_at) AS first,
               max(dead_at) AS last, min(error) AS example
        FROM dead_letters WHERE {condition}
        GROUP BY 1, 2, 3, 4, 5 ORDER BY letters DESC, 1 LIMIT ${len(values) + 1}
    """  # noqa: S608 - of constants; values are parameters
    return [dict(row) for row in await connection.fetch(statement, *values, limit)]


async def count_letters(connection: asyncpg.Connection, wanted: LetterFilter) -> dict[str, int]:
    """How many there are, how many of them can be redriven, and of how many keys those are."""
    condition, values = where(wanted.conditions())
    statement = f"""
        SELECT count(*) AS letters, count(*) FILTER (WHERE {REDRIVABLE}) AS redrivable,
               count(DISTINCT (consumer, key)) FILTER (WHERE {REDRIVABLE}) AS keys
        FROM dead_letters WHERE {condition}
    """  # noqa: S608 - of constants; values are parameters
    return dict(await connection.fetchrow(statement, *values))


async def archive(
    connection: asyncpg.Connection, wanted: LetterFilter, operator: Operator
) -> list[int]:
    """Put letters away for good, with the caller's transaction; they stay in the table.

    Raises NotThereError where one of the ids given is of no open dead letter.
    """
    condition, values = where(wanted.conditions())
    statement = f"""
        UPDATE dead_letters SET archived_at = clock_timestamp() WHERE {condition} RETURNING id
    """  # noqa: S608 - of constants; values are parameters
    archived = sorted(row["id"] for row in await connection.fetch(statement, *values))
    if missing := sorted(set(wanted.ids) - set(archived)):
        names = ", ".join(str(one) for one in missing)
        raise NotThereError(f"{names}: no open dead letter, or not among those chosen; see `list`.")
    if archived:
        await audited(
            connection,
            "dead-letters.archive",
            wanted.told(),
            operator.reason,
            by=operator.by,
            arguments={"letters": archived},
        )
    return archived
