"""Having dead letters handled again, a few at a time, and seeing what becomes of them."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import asyncpg

from chassis.operations.audit import Operator, audited
from chassis.operations.conditions import where
from chassis.operations.errors import NotThereError
from chassis.operations.letters import REDRIVABLE, LetterFilter

_NEWEST: Final = "SELECT coalesce(max(id), 0) FROM dead_letters"
_NOT_OF: Final = "NOT EXISTS (SELECT FROM unnest({}::text[]) AS x WHERE x = consumer || ' ' || key)"
_REDRIVE: Final = """
WITH chosen AS (
    SELECT id FROM dead_letters WHERE {condition} ORDER BY id LIMIT {limit} FOR UPDATE SKIP LOCKED
), marked AS (
    UPDATE dead_letters SET redriven_at = clock_timestamp()
    FROM chosen WHERE dead_letters.id = chosen.id RETURNING dead_letters.*
), entered AS (
    INSERT INTO deferred_messages (consumer, key, message_id, wire_type, subject, headers, body,
                                   reason, attempts, next_attempt_at)
    SELECT consumer, key, message_id, wire_type, subject, headers, body, 'redriven', 0,
           clock_timestamp()
    FROM marked ORDER BY id RETURNING id
)
SELECT (SELECT array_agg(id ORDER BY id) FROM marked) AS letters,
       (SELECT array_agg(id ORDER BY id) FROM entered) AS waiting
"""
_FATES: Final = """
SELECT letter.id, letter.consumer, letter.key, coalesce(again.error, waiting.error) AS error,
       CASE WHEN again.id IS NOT NULL THEN 'DEAD_AGAIN'
            WHEN waiting.id IS NULL THEN 'HANDLED'
            WHEN waiting.attempts > 0 THEN 'FAILING' ELSE 'WAITING' END AS fate
FROM unnest($1::bigint[], $2::bigint[]) AS redriven (letter_id, waiting_id)
JOIN dead_letters AS letter ON letter.id = letter_id
LEFT JOIN deferred_messages AS waiting ON waiting.id = waiting_id
LEFT JOIN LATERAL (
    SELECT id, error FROM dead_letters AS newer
    WHERE newer.id > $3 AND newer.consumer = letter.consumer
      AND newer.message_id = letter.message_id
    ORDER BY id LIMIT 1
) AS again ON true
ORDER BY letter.id
"""
_RECORDED: Final = """
SELECT arguments::text FROM operator_actions WHERE id = $1 AND action = 'dead-letters.redrive'
"""


class Fate(StrEnum):
    """What has become of a letter since it was redriven; what is FAILING is tried again."""

    WAITING = "WAITING"
    FAILING = "FAILING"
    HANDLED = "HANDLED"
    DEAD_AGAIN = "DEAD_AGAIN"

    @property
    def failed(self) -> bool:
        return self in (Fate.FAILING, Fate.DEAD_AGAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redriven:
    """Letters that were redriven in one transaction, the rows in which they wait now, and the
    newest letter of that time: what dies again is newer.
    """

    action: int
    letters: Sequence[int]
    waiting: Sequence[int]
    newest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """Which of the letters that fit: those up to `newest`, but none of the keys left out.

    A key is left out, as `<consumer> <key>`, once one of its letters has failed again: what follows
    must not overtake it.
    """

    newest: int
    left_out: frozenset[str] = field(default_factory=frozenset)


async def newest_letter(connection: asyncpg.Connection) -> int:
    """Letters that die from now on have higher ids."""
    newest: int = await connection.fetchval(_NEWEST)
    return newest


async def redrive(
    connection: asyncpg.Connection,
    wanted: LetterFilter,
    portion: Portion,
    limit: int | None,
    operator: Operator,
) -> Redriven | None:
    """Let the oldest of these letters be handled again by their own consumers, each key in order.

    Without a limit it is all of them.
    With the caller's transaction; None where none is left. They wait like any message that has
    failed, so what fails again is a dead letter again in the end.
    """
    condition, values = where(
        (
            *wanted.conditions(),
            (REDRIVABLE,),
            ("id <= {}", portion.newest),
            (_NOT_OF, sorted(portion.left_out)),
        )
    )
    statement = _REDRIVE.format(condition=condition, limit=f"${len(values) + 1}")
    row = await connection.fetchrow(statement, *values, limit)
    if row["letters"] is None:
        return None
    newest = await newest_letter(connection)
    about = {"letters": row["letters"], "waiting": row["waiting"], "newest": newest}
    action = await audited(
        connection,
        "dead-letters.redrive",
        wanted.told(),
        operator.reason,
        by=operator.by,
        arguments=about,
    )
    return Redriven(action=action, **about)


async def recorded(connection: asyncpg.Connection, action: int) -> Redriven:
    """What an action of the audit redrove; raises NotThereError for one that redrove nothing."""
    arguments = await connection.fetchval(_RECORDED, action)
    if arguments is None:
        raise NotThereError(f"{action} is no redrive; `chassis audit` lists all actions.")
    return Redriven(action=action, **json.loads(arguments))


async def fates(connection: asyncpg.Connection, redriven: Redriven) -> list[dict[str, Any]]:
    """What has become of the letters so far."""
    rows = await connection.fetch(_FATES, redriven.letters, redriven.waiting, redriven.newest)
    return [{**row, "fate": Fate(row["fate"])} for row in rows]


def counted(found: Sequence[Mapping[str, Any]]) -> dict[Fate, int]:
    """How many letters have come to what."""
    counts = Counter(one["fate"] for one in found)
    return {fate: counts[fate] for fate in Fate}
