"""How far a generation has read each partition: its position in the stream."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.topology import Channel
from chassis.persistence.database import Database, fetch_all
from chassis.views.completeness import Completeness
from chassis.views.generations import Generation

_LOAD: Final = """
SELECT sequence, reached, complete, snapshots::text AS snapshots FROM view_checkpoints
WHERE view = $1 AND generation = $2 AND channel = $3 AND partition = $4
"""
# A view can be built again from its stream: a commit that a crash of the server takes back takes
# checkpoint, inbox and rows together, and nothing has been said of it that is not asked again.
_ADVANCE: Final = """
WITH moved AS (
    UPDATE view_checkpoints
    SET sequence = $6::bigint, reached = greatest(reached, $6), events = events + $7,
        pending = $8::bigint,
        complete = $11, snapshots = $12::text::jsonb,
        event_time = coalesce($9, event_time), updated_at = clock_timestamp(),
        caught_up_at = CASE WHEN $8 = 0 THEN coalesce(caught_up_at, clock_timestamp())
                       ELSE caught_up_at END
    WHERE view = $1 AND generation = $2 AND channel = $3 AND partition = $4
      AND sequence = $5
    RETURNING 1
), fresh AS (
    INSERT INTO received_messages (consumer, message_id)
    SELECT $1::text || '@' || $2::int, message_id FROM unnest($10::uuid[]) AS message_id
    WHERE EXISTS (SELECT FROM moved)
    ON CONFLICT DO NOTHING
    RETURNING message_id
)
SELECT set_config('synchronous_commit', 'off', true), (SELECT count(*) FROM moved) AS moved,
       ARRAY(SELECT unnest($10::uuid[]) EXCEPT SELECT message_id FROM fresh) AS known
"""
_AT_END: Final = """
UPDATE view_checkpoints
SET pending = 0, reached = greatest(reached, $6), complete = $7, snapshots = $8::text::jsonb,
    caught_up_at = coalesce(caught_up_at, clock_timestamp())
WHERE view = $1 AND generation = $2 AND channel = $3 AND partition = $4 AND sequence = $5
"""


class CheckpointMovedError(Exception):
    """Another process has read on from here, or the generation is gone."""


@dataclass(frozen=True, slots=True)
class Place:
    """One partition of a channel as one generation reads it."""

    generation: Generation
    channel: Channel
    partition: int

    def __str__(self) -> str:
        return f"{self.generation.consumer} {self.channel.name}.{self.partition}"

    @property
    def arguments(self) -> tuple[Any, ...]:
        return (
            self.generation.view,
            self.generation.number,
            self.channel.name,
            self.partition,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """`sequence` is the last one applied. Up to `reached` nothing else was there to apply."""

    sequence: int
    reached: int
    completeness: Completeness


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From one checkpoint to the next, with what lies between.

    `pending` is what the stream still has behind it, `event_time` when the last event was
    published.
    """

    start: int
    end: int
    pending: int
    event_time: datetime | None
    completeness: Completeness


async def load_checkpoint(database: Database, place: Place) -> Checkpoint:
    """Where to go on from; raises CheckpointMovedError if the generation is gone."""
    async with database.sessions() as session:
        rows = await fetch_all(session, _LOAD, *place.arguments)
    if not rows:
        raise CheckpointMovedError(f"{place.generation.consumer} is gone")
    [row] = rows
    snapshots = None if row.snapshots is None else orjson.loads(row.snapshots)
    completeness = Completeness(complete=row.complete, snapshots=snapshots)
    return Checkpoint(sequence=row.sequence, reached=row.reached, completeness=completeness)


async def advance(
    session: AsyncSession, place: Place, step: Step, ids: Sequence[UUID]
) -> Sequence[UUID]:
    """Move the checkpoint and enter events into the inbox; returns those that were in it already.

    Raises CheckpointMovedError unless the checkpoint is where the step starts.
    """
    [row] = await fetch_all(
        session,
        _ADVANCE,
        *place.arguments,
        step.start,
        step.end,
        len(ids),
        step.pending,
        step.event_time,
        list(ids),
        *_arguments(step.completeness),
    )
    if not row.moved:
        raise CheckpointMovedError(f"{place.generation.consumer} has been moved on by another")
    known: Sequence[UUID] = row.known
    return known


async def note_end(database: Database, place: Place, checkpoint: Checkpoint) -> None:
    """There is nothing more in the stream behind the checkpoint."""
    arguments = (checkpoint.sequence, checkpoint.reached, *_arguments(checkpoint.completeness))
    async with database.sessions.begin() as session:
        await fetch_all(session, _AT_END, *place.arguments, *arguments)


def _arguments(completeness: Completeness) -> tuple[bool, str | None]:
    snapshots = completeness.snapshots
    text = None if snapshots is None else orjson.dumps(dict(snapshots)).decode()
    return completeness.complete, text
