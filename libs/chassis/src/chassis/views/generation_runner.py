"""One generation at work in this process: its share of all partitions, held by leases."""

import asyncio
from typing import Final

import structlog

from chassis.leases import Leases, LeasesLostError
from chassis.tasks import end
from chassis.views.checkpoints import Place
from chassis.views.feed import ViewFeed
from chassis.views.feeding import Feeding

log = structlog.get_logger(__name__)

_REVIEW_SECONDS: Final = 2.0
_AT_ONCE: Final = 3
"""Batches between their reading and their commit: what is live has its turn beside a rebuild, and
queries find connections in the pool.
"""


class GenerationRunner:
    """Feeds a generation until it is cancelled; replicas share the partitions.

    Two processes that both take themselves for the holder of a partition do no harm: a checkpoint
    moves on for one of them only.
    """

    def __init__(self, feeding: Feeding) -> None:
        self._feeding = feeding
        self._name = feeding.generation.consumer
        self._places = [
            Place(feeding.generation, channel, partition)
            for channel in feeding.channels
            for partition in range(channel.partitions)
        ]
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._feeds: dict[int, asyncio.Task[None]] = {}
        self._leases = Leases(
            feeding.database.connect_driver, namespace=self._name, slots=len(self._places)
        )

    @property
    def held(self) -> int:
        """Partitions that this process reads now."""
        return len(self._feeds)

    async def run(self) -> None:
        try:
            while True:
                await self._review()
                await asyncio.sleep(_REVIEW_SECONDS)
        finally:
            await self._leave(frozenset(self._feeds))
            await self._leases.close()

    async def _review(self) -> None:
        try:
            change = await self._leases.review()
            await self._leave(change.surplus)
            await self._leases.release(change.surplus)
        except LeasesLostError as error:
            log.warning("partitions lost", view=self._name, error=str(error))
        await self._leave(frozenset(self._feeds) - self._leases.held)
        self._join(self._leases.held - frozenset(self._feeds))

    def _join(self, slots: frozenset[int]) -> None:
        for slot in sorted(slots):
            feed = ViewFeed(self._feeding, self._places[slot], self._room)
            self._feeds[slot] = asyncio.create_task(feed.run(), name=f"{self._name} {slot}")
        if slots:
            log.info("partitions", view=self._name, held=len(self._feeds))

    async def _leave(self, slots: frozenset[int]) -> None:
        feeds = [self._feeds.pop(slot) for slot in slots & frozenset(self._feeds)]
        await end(*feeds)
