"""One run: pages of aggregates as snapshots, then a marker in every partition.

A page is one transaction, which holds its rows while it is written: an aggregate's snapshot stands
in the outbox between the changes that it includes and those that come after. Keys are locked in
their order, as handlers do, so that the two wait for each other and never deadlock.

The run keeps the pace that it is given, and stops while the relay has much of it left, so that
neither the outbox grows nor other messages wait. Markers follow when the relay has sent everything.
A run that was killed has no markers, and readers ignore it: run again.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id
from chassis.messaging.contracts import Kind
from chassis.messaging.topology import Channel, ServiceTopology
from chassis.outbox.publishing import publish
from chassis.persistence.database import Database, fetch_all
from chassis.snapshots.contracts import Snapshot
from chassis.snapshots.declaration import SnapshotOf, Snapshots

PAGE: Final = 200
_MOST_UNSENT: Final = 10 * PAGE
_LOOK_SECONDS: Final = 0.2

_UNSENT: Final = "SELECT count(*) AS rows FROM outbox WHERE subject LIKE ANY($1::text[])"


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far a run has come; `unsent` is what the relay has left of it, as far as was looked."""

    run_id: UUID
    total: int = 0
    unsent: int = 0
    by_type: Counter[str] = field(default_factory=Counter)
    by_partition: Counter[int] = field(default_factory=Counter)

    @property
    def published(self) -> int:
        return self.by_type.total()


class SnapshotRun:
    """Publishes snapshots of everything that a service declares, on a database with an outbox.

    `rate` is in snapshots a second. `report` is called as the run goes on.
    """

    def __init__(
        self,
        database: Database,
        snapshots: Snapshots,
        channel: Channel,
        *,
        rate: float,
        report: Callable[[Progress], None],
    ) -> None:
        self._database = database
        self._snapshots = snapshots
        self._channel = channel
        self._rate = rate
        self._report = report
        self.progress = Progress(run_id=new_id())

    async def publish(self) -> Progress:
        """Publish all; returns when the markers are in the outbox."""
        self.progress.total = await self._count()
        for one in self._snapshots.of:
            await self._publish_all(one)
        await self._until_unsent(0)
        await self._mark()
        return self.progress

    async def _publish_all(self, one: SnapshotOf) -> None:
        after = None
        while True:
            await self._until_unsent(_MOST_UNSENT)
            page, after = await self._publish_page(one, after)
            self._note(page)
            if len(page) < PAGE:
                return
            await asyncio.sleep(len(page) / self._rate)

    async def _publish_page(
        self, one: SnapshotOf, after: object
    ) -> tuple[Sequence[Snapshot], object]:
        async with self._database.sessions.begin() as session:
            rows = await _lock_page(session, one, after)
            page = [one.event.of(row, self.progress.run_id) for row in rows]
            publish(session, *page)
        return page, one.key_of(rows[-1]) if rows else after

    async def _mark(self) -> None:
        async with self._database.sessions.begin() as session:
            for partition in range(self._channel.partitions):
                taken = self._snapshots.taken(
                    run_id=self.progress.run_id,
                    events=self.progress.by_partition[partition],
                    place=place_in(self._channel, partition),
                )
                publish(session, taken)

    async def _until_unsent(self, most: int) -> None:
        subjects = [f"{self._channel.name}.{one.event.wire_name}.%" for one in self._snapshots.of]
        while True:
            async with self._database.sessions.begin() as session:
                [row] = await fetch_all(session, _UNSENT, subjects)
            self.progress.unsent = row.rows
            self._report(self.progress)
            if row.rows <= most:
                return
            await asyncio.sleep(_LOOK_SECONDS)

    async def _count(self) -> int:
        total = 0
        async with self._database.sessions.begin() as session:
            for one in self._snapshots.of:
                statement = one.restrict(select(func.count()).select_from(one.entity))
                total += await session.scalar(statement) or 0
        return total

    def _note(self, page: Sequence[Snapshot]) -> None:
        self.progress.by_type.update(event.wire_type for event in page)
        self.progress.by_partition.update(self._channel.partition(event.key) for event in page)


def events_of(topology: ServiceTopology) -> Channel:
    """The channel of the service's own events."""
    (channel,) = (one.channel for one in topology.streams if one.channel.kind is Kind.EVENTS)
    return channel


def place_in(channel: Channel, partition: int) -> str:
    """A key that falls into the partition: the first of `snapshot-0`, `snapshot-1`, … that does."""
    places = (f"snapshot-{number}" for number in count())
    return next(place for place in places if channel.partition(place) == partition)


async def _lock_page(session: AsyncSession, one: SnapshotOf, after: object) -> Sequence[object]:
    statement = one.restrict(select(one.entity)).order_by(one.primary_key).limit(PAGE)
    if after is not None:
        statement = statement.where(one.primary_key > after)
    # shared: whoever changes one of them waits for the page, and the page for whoever has
    return (await session.scalars(statement.with_for_update(read=True))).all()
