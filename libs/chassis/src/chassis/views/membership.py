"""Which events the view that is read has taken in: by membership, never by position."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from chassis.persistence.database import Database, fetch_all
from chassis.views.generations import ViewNotReadyError
from chassis.views.view import View

_MISSING: Final = """
WITH live AS (
    SELECT view || '@' || generation AS consumer FROM view_generations
    WHERE view = $1 AND version = $2 AND state = 'LIVE'
)
SELECT (SELECT consumer FROM live) AS consumer,
       ARRAY(
           SELECT unnest($3::uuid[])
           EXCEPT
           SELECT message_id FROM received_messages
           WHERE consumer = (SELECT consumer FROM live) AND message_id = ANY($3::uuid[])
       ) AS missing
"""


async def missing_events(database: Database, view: View, ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of the events that the live generation has not taken in yet.

    Taken in are also events that it passes over, and those that became dead letters of it.
    Raises ViewNotReadyError where no generation is live.
    """
    async with database.sessions() as session:
        [row] = await fetch_all(session, _MISSING, view.name, view.version, list(ids))
    if row.consumer is None:
        raise ViewNotReadyError(f"the view {view.name} is being built; try again in a moment")
    return frozenset(row.missing)
