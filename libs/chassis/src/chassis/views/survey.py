"""What there is of every view in a database, and how far each generation has come."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from chassis.persistence.database import Database, fetch_all

SURVEY: Final = """
SELECT view, version, generation, state,
       coalesce(sum(events), 0)::bigint AS events,
       sum(pending)::bigint AS pending,
       round(extract(epoch FROM greatest(
           max(clock_timestamp() - event_time) FILTER (WHERE pending > 0), interval '0'
       ))::numeric, 3)::float8 AS lag_seconds,
       bool_and(complete) AS complete,
       (SELECT count(*) FROM dead_letters
        WHERE consumer = view || '@' || generation
          AND redriven_at IS NULL AND archived_at IS NULL) AS dead_letters,
       waits_for, created_at, live_at
FROM view_generations JOIN view_checkpoints USING (view, generation)
WHERE state <> 'RETIRED' OR dropped_at IS NULL
GROUP BY view_generations.view, view_generations.generation ORDER BY view, generation
"""
"""`pending` is NULL until a generation has been looked for in every stream."""

_ONE: Final = f"SELECT * FROM ({SURVEY}) AS survey WHERE view = $1 AND generation = $2"  # noqa: S608


async def survey_one(database: Database, view: str, generation: int) -> Mapping[str, Any] | None:
    """One generation's row; None when it is dropped."""
    async with database.sessions() as session:
        rows: Sequence[Any] = await fetch_all(session, _ONE, view, generation)
    return rows[0]._mapping if rows else None  # noqa: SLF001 - SQLAlchemy's public name for it
