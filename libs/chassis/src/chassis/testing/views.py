"""Views in tests: what projections come to, and a live view without a broker."""

from typing import Any
from uuid import UUID

from chassis.ids import new_id
from chassis.messaging.contracts import Event
from chassis.messaging.topology import ServiceTopology
from chassis.persistence.database import Database, fetch_all
from chassis.views.changes import Put
from chassis.views.coalescing import RowChanges
from chassis.views.generations import Generation, begin_generation, current
from chassis.views.view import View
from chassis.views.writing import write

Rows = list[dict[str, Any]]

_GO_LIVE = """
UPDATE view_generations SET state = 'LIVE', live_at = clock_timestamp()
WHERE view = $1 AND generation = $2
"""
_TAKE_IN = """
INSERT INTO received_messages (consumer, message_id) SELECT $1, unnest($2::uuid[])
"""


def shown(view: View, *events: Event) -> dict[str, Rows]:
    """The rows of each table after these events, in the order of their keys; no database."""
    rows: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {
        table.name: {} for table in view.tables.sorted_tables
    }
    for event in events:
        for change in view.by_type[event.wire_type].project(event):
            table, key = rows[change.table.name], change.key
            if isinstance(change, Put):
                blank = {column.name: None for column in change.table.columns}
                table[key] = table.get(key, blank) | change.values
                continue
            for found in [one for one in table if one[: len(key)] == key]:
                del table[found]
    return {name: [table[key] for key in sorted(table)] for name, table in rows.items()}


async def given_view(
    database: Database, view: View, topology: ServiceTopology, *events: Event
) -> list[UUID]:
    """A live view that has taken in these events; called again, it takes in more.

    Returns the ids that the events have in its inbox.
    """
    generation = (await current(database, view)).live or await _live(database, view, topology)
    changes, ids = RowChanges(), [new_id() for _ in events]
    for event in events:
        changes.add(view.by_type[event.wire_type].project(event))
    async with database.sessions.begin() as session:
        await write(session, changes, generation.schema)
        await fetch_all(session, _TAKE_IN, generation.consumer, ids)
    return ids


async def _live(database: Database, view: View, topology: ServiceTopology) -> Generation:
    generation, _ = await begin_generation(database, view, view.channels(topology))
    async with database.sessions.begin() as session:
        await fetch_all(session, _GO_LIVE, generation.view, generation.number)
    return generation
