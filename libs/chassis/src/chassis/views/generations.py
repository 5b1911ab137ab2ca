"""Generations of views: which there are, which one is read, and how far each has come.

A generation is one building of a view's tables, in a PostgreSQL schema of its own. Of each version
one is LIVE, which is what is read; one may be BUILDING beside it; what was replaced is RETIRED.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from chassis.messaging.topology import Channel
from chassis.persistence.database import Database, fetch_all
from chassis.views.view import VIEW_SCHEMA, View


class State(StrEnum):
    BUILDING = "BUILDING"
    LIVE = "LIVE"
    RETIRED = "RETIRED"


class ViewNotReadyError(Exception):
    """No generation of this version of the view is live yet."""


class ViewChangedError(Exception):
    """A view's tables or event types are others than its version was built with."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One building of a view."""

    view: str
    number: int

    @property
    def consumer(self) -> str:
        """Names it in the inbox, in dead letters, in metrics and in leases."""
        return f"{self.view}@{self.number}"

    @property
    def schema(self) -> str:
        """The PostgreSQL schema of its tables."""
        return f"{self.view}_{self.number}"


_CURRENT: Final = """
SELECT generation, state, shape FROM view_generations
WHERE view = $1 AND version = $2 AND state IN ('BUILDING', 'LIVE') ORDER BY generation
"""
_LIVE: Final = """
SELECT generation FROM view_generations WHERE view = $1 AND version = $2 AND state = 'LIVE'
"""
_ONE_MAKER: Final = "SELECT pg_advisory_xact_lock(hashtextextended('view.' || $1, 0))"
_ENTER: Final = """
INSERT INTO view_generations (view, generation, version, shape, state)
SELECT $1, coalesce(max(generation), 0) + 1, $2, $3, 'BUILDING' FROM view_generations
WHERE view = $1 RETURNING generation
"""
_BEGIN: Final = """
INSERT INTO view_checkpoints (view, generation, channel, partition, sequence, reached, events)
SELECT $1, $2, channel, partition, 0, 0, 0
FROM unnest($3::text[], $4::int[]) AS _(channel, partitions),
     generate_series(0, partitions - 1) AS partition
"""


@dataclass(frozen=True, slots=True)
class Current:
    """The generations of a view's version that are in use."""

    live: Generation | None
    building: Generation | None

    @property
    def all(self) -> tuple[Generation, ...]:
        return tuple(one for one in (self.live, self.building) if one is not None)


async def current(database: Database, view: View) -> Current:
    """The live generation and the one being built; raises ViewChangedError."""
    async with database.sessions() as session:
        return _current(view, await fetch_all(session, _CURRENT, view.name, view.version))


async def live_generation(session: AsyncSession, view: View) -> Generation:
    """The live generation as the session's transaction sees it; raises ViewNotReadyError."""
    rows = await fetch_all(session, _LIVE, view.name, view.version)
    if not rows:
        raise ViewNotReadyError(f"the view {view.name} is being built; try again in a moment")
    return Generation(view.name, rows[0].generation)


async def begin_generation(
    database: Database, view: View, channels: Sequence[Channel]
) -> tuple[Generation, bool]:
    """Make the tables of the next generation of this version, unless one is being built already.

    Returns the generation that is being built, and whether it is new.
    """
    async with database.sessions.begin() as session:
        await fetch_all(session, _ONE_MAKER, view.name)
        rows = await fetch_all(session, _CURRENT, view.name, view.version)
        building = _current(view, rows).building
        if building is not None:
            return building, False
        [row] = await fetch_all(session, _ENTER, view.name, view.version, view.shape)
        generation = Generation(view.name, row.generation)
        names, partitions = [c.name for c in channels], [c.partitions for c in channels]
        await fetch_all(session, _BEGIN, view.name, generation.number, names, partitions)
        await create_tables(await session.connection(), view, generation)
    return generation, True


async def create_tables(connection: AsyncConnection, view: View, generation: Generation) -> None:
    """Make a generation's schema and tables; nothing is in them."""
    # the number is new: a schema of this name is what another registry has left behind
    await connection.execute(text(f"DROP SCHEMA IF EXISTS {generation.schema} CASCADE"))
    await connection.execute(text(f"CREATE SCHEMA {generation.schema}"))
    await connection.execution_options(schema_translate_map={VIEW_SCHEMA: generation.schema})
    await connection.run_sync(view.tables.create_all, checkfirst=False)


def _current(view: View, rows: Sequence[Any]) -> Current:
    if any(row.shape != view.shape for row in rows):
        raise ViewChangedError(
            f"the tables or event types of {view.name} are others than version {view.version} was "
            "built with; raise `version` where the view is declared"
        )
    found = {row.state: Generation(view.name, row.generation) for row in rows}
    return Current(live=found.get(State.LIVE), building=found.get(State.BUILDING))
