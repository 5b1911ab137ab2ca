"""Making a generation the one that is read."""

from typing import Final

from chassis.persistence.database import Database, fetch_all
from chassis.views.generations import Current, Generation

_BEHIND: Final = """
SELECT count(*) AS partitions FROM view_checkpoints
WHERE view = $1 AND generation = $2 AND caught_up_at IS NULL
"""
_GO_LIVE: Final = """
UPDATE view_generations SET state = 'LIVE', live_at = clock_timestamp(), waits_for = NULL
WHERE view = $1 AND generation = $2 AND state = 'BUILDING'
"""


async def try_swap(database: Database, current: Current) -> bool:
    """Make the generation that is being built the live one, if it may be; returns whether it is."""
    assert current.building is not None
    return await _go_live(database, current.building)


async def _go_live(database: Database, building: Generation) -> bool:
    async with database.sessions.begin() as session:
        [row] = await fetch_all(session, _BEHIND, building.view, building.number)
        if row.partitions:
            return False
        await fetch_all(session, _GO_LIVE, building.view, building.number)
    return True
