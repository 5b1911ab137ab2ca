"""What there is of every view in a database, and how far each generation has come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final

from nats.aio.client import Client

from chassis.messaging.topology import Channel
from chassis.persistence.database import Database, fetch_all
from chassis.views.direct_get import DirectReader
from chassis.views.generations import Generation
from chassis.views.view import View

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
        rows = await fetch_all(session, _ONE, view, generation)
    return dict(rows[0].items()) if rows else None


_POSITIONS: Final = """
SELECT generation, state, channel, partition, sequence, events, complete, waits_for,
       extract(epoch FROM clock_timestamp() - updated_at)::float8 AS idle_seconds
FROM view_checkpoints JOIN view_generations USING (view, generation)
WHERE view = $1 AND version = $2 AND state <> 'RETIRED' ORDER BY generation, channel, partition
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a generation is from the ends of its streams, as both say now."""

    generation: Generation
    state: str
    events: int
    lag: int
    lag_seconds: float
    idle_seconds: float
    incomplete: int
    waits: bool


async def standings(
    database: Database, client: Client, view: View, channels: Sequence[Channel]
) -> list[Standing]:
    """Of the live generation of this version and of the one that is built.

    Asks the streams themselves, past those who should be reading them: one small request for each
    partition. Raises StreamAwayError.
    """
    async with database.sessions() as session:
        rows = await fetch_all(session, _POSITIONS, view.name, view.version)
    by_name = {channel.name: channel for channel in channels}
    found = []
    for number, group in groupby(rows, key=lambda row: row.generation):
        partitions = list(group)
        behind = [await _behind(client, by_name[row.channel], row) for row in partitions]
        found.append(_standing(Generation(view.name, number), partitions, behind))
    return found


def _standing(
    generation: Generation, partitions: Sequence[Any], behind: Sequence[tuple[int, float]]
) -> Standing:
    lag = sum(messages for messages, _ in behind)
    return Standing(
        generation=generation,
        state=partitions[0].state.lower(),
        events=sum(row.events for row in partitions),
        lag=lag,
        lag_seconds=max(seconds for _, seconds in behind),
        idle_seconds=max(
            # what has been there for a moment only has not been left alone for longer
            min(row.idle_seconds, seconds)
            for row, (_, seconds) in zip(partitions, behind, strict=True)
        ),
        incomplete=sum(not row.complete for row in partitions),
        waits=partitions[0].waits_for is not None,
    )


async def _behind(client: Client, channel: Channel, row: Any) -> tuple[int, float]:
    """The messages behind a checkpoint, and how long ago the first of them was stored."""
    [subject] = channel.filter_subjects(row.partition)
    reader = DirectReader(client, channel.stream, subject)
    try:
        batch = await reader.read(row.sequence + 1, 1)
    finally:
        await reader.close()
    if not batch.messages:
        return 0, 0.0
    stored_at = datetime.fromisoformat(batch.messages[0].headers["Nats-Time-Stamp"][:19] + "+00:00")
    return 1 + batch.pending, max((datetime.now(UTC) - stored_at).total_seconds(), 0.0)
