"""The swap: making what was built what is read, in one transaction.

Whoever reads afterwards sees at least what could be read before. The live generation's checkpoints
are held meanwhile, so it cannot get ahead; the new one is let catch up with them for a moment.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.database import Database, fetch_all
from chassis.views.generations import Current, Generation

_PATIENCE_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.02
_WITHIN_REACH: Final = 2000

_ALONE: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended('view.' || $1, 0)) AS alone"
_OBSTACLES: Final = """
SELECT (SELECT count(*) FROM view_checkpoints
        WHERE view = $1 AND generation = $2 AND caught_up_at IS NULL) AS behind,
       ARRAY(SELECT DISTINCT channel FROM view_checkpoints
             WHERE view = $1 AND generation = $2 AND NOT complete ORDER BY 1) AS incomplete,
       (SELECT count(*) FROM dead_letters
        WHERE consumer = $1 || '@' || $2::int AND archived_at IS NULL
          AND EXISTS (SELECT FROM view_generations WHERE view = $1 AND state = 'LIVE')
          AND message_id NOT IN (
              SELECT message_id FROM dead_letters WHERE message_id IS NOT NULL AND consumer IN (
                  SELECT view || '@' || generation FROM view_generations
                  WHERE view = $1 AND state = 'LIVE'
              )
          )) AS dead
"""
_HOLD: Final = """
SELECT FROM view_checkpoints WHERE view = $1 AND generation = $2
ORDER BY channel, partition FOR UPDATE
"""
# Sequences count the messages of all partitions: a bound for the events between the two.
_BEHIND_LIVE: Final = """
SELECT coalesce(sum(live.sequence - coalesce(built.sequence, 0)), 0)::bigint AS messages
FROM view_checkpoints AS live
LEFT JOIN view_checkpoints AS built
  ON (built.view, built.channel, built.partition) = (live.view, live.channel, live.partition)
 AND built.generation = $3
WHERE live.view = $1 AND live.generation = $2
  AND (built.sequence IS NULL OR built.sequence < live.sequence)
"""
# What the stream had no longer when the new one was built is in its rows by a snapshot: whoever
# waits for these events waits no more.
_CARRY_OVER: Final = """
INSERT INTO received_messages (consumer, message_id)
SELECT $1 || '@' || $3::int, message_id FROM received_messages
WHERE consumer = $1 || '@' || $2::int
  AND EXISTS (SELECT FROM view_checkpoints
              WHERE view = $1 AND generation = $3 AND snapshots IS NOT NULL)
ON CONFLICT DO NOTHING
"""
_RETIRE: Final = """
UPDATE view_generations SET state = 'RETIRED', retired_at = clock_timestamp()
WHERE view = $1 AND generation = $2
"""
_GO_LIVE: Final = """
UPDATE view_generations SET state = 'LIVE', live_at = clock_timestamp(), waits_for = NULL
WHERE view = $1 AND generation = $2 AND state = 'BUILDING' RETURNING generation
"""
_TELL: Final = """
UPDATE view_generations SET waits_for = $3
WHERE view = $1 AND generation = $2 AND waits_for IS DISTINCT FROM $3
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether the swap is done; if not, what it waits for that does not come by itself.

    `in_vain`: the live generation was held for it, which is not to be repeated at once.
    """

    done: bool
    waits_for: str | None = None
    in_vain: bool = False


async def try_swap(database: Database, current: Current) -> Outcome:
    """Make the generation that is being built the live one, if it may be."""
    building = current.building
    assert building is not None
    outcome = await _try(database, building, current.live)
    if not outcome.done:
        async with database.sessions.begin() as session:
            await fetch_all(session, _TELL, building.view, building.number, outcome.waits_for)
    return outcome


async def _try(database: Database, building: Generation, live: Generation | None) -> Outcome:
    async with database.sessions.begin() as session:
        [row] = await fetch_all(session, _ALONE, building.view)
        if not row.alone:
            return Outcome(done=False)
        [obstacles] = await fetch_all(session, _OBSTACLES, building.view, building.number)
        if waits_for := _told(building, obstacles):
            return Outcome(done=False, waits_for=waits_for)
        if obstacles.behind:
            return Outcome(done=False)
        if live is not None:
            if await _behind(session, building, live) > _WITHIN_REACH:
                return Outcome(done=False)
            if not await _overtake(session, building, live):
                return Outcome(done=False, in_vain=True)
        rows = await fetch_all(session, _GO_LIVE, building.view, building.number)
    return Outcome(done=bool(rows))


async def _overtake(session: AsyncSession, building: Generation, live: Generation) -> bool:
    """Hold the live generation where it is and retire it once the other is as far."""
    view = building.view
    await fetch_all(session, _HOLD, view, live.number)
    give_up = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    while await _behind(session, building, live):
        if asyncio.get_running_loop().time() > give_up:
            return False
        await asyncio.sleep(_LOOK_SECONDS)
    await fetch_all(session, _CARRY_OVER, view, live.number, building.number)
    await fetch_all(session, _RETIRE, view, live.number)
    return True


async def _behind(session: AsyncSession, building: Generation, live: Generation) -> int:
    arguments = (building.view, live.number, building.number)
    [row] = await fetch_all(session, _BEHIND_LIVE, *arguments)
    messages: int = row.messages
    return messages


def _told(building: Generation, obstacles: Any) -> str | None:
    if obstacles.incomplete:
        return _ask_for_snapshots(obstacles.incomplete)
    if obstacles.dead:
        return (
            f"{obstacles.dead} events became dead letters of {building.consumer} and not of what "
            "is live: look at `chassis dead-letters list`, mend the projection and raise the "
            "version, or archive them"
        )
    return None


def _ask_for_snapshots(channels: Sequence[str]) -> str:
    packages = [f"{channel.partition('.')[0]}_service" for channel in channels]
    commands = ", ".join(f"`chassis snapshots publish {package}`" for package in packages)
    return (
        f"the streams of {', '.join(channels)} no longer begin at the beginning; "
        f"publish a snapshot: {commands}"
    )
