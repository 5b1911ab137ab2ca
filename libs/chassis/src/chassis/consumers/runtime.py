"""A consumer at work: its share of the partitions, one batch at a time.

While a batch is in its transaction the next one gathers, so batches are of one message when it is
quiet and grow with the load. A process that keeps up with the load gives them a moment more, for a
batch of any size costs the same round trips. Replicas share the partitions by leases in the
service's database.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

import structlog
from nats.aio.client import Client

from chassis.consumers.batch import BatchRunner
from chassis.consumers.feed import Held, PartitionFeed
from chassis.consumers.metrics import ConsumerMetrics
from chassis.consumers.policy import RetryPolicy
from chassis.consumers.processor import Processor
from chassis.consumers.waiting import WaitingMessages
from chassis.leases import Leases, LeasesLostError
from chassis.messaging.topology import Consumer
from chassis.persistence.database import Database
from chassis.tasks import end

log = structlog.get_logger(__name__)

_REVIEW_SECONDS = 2.0
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0
_BUSY_BATCH = 8
"""More than so many messages arrive during one batch only under load."""
_GATHER_SECONDS = 0.02


class ConsumerRuntime:
    """Runs one consumer from `start` to `stop`.

    Guarantees: a message is acknowledged only after the commit of what became of it; messages of
    one key are handled in stream order; nothing is handled twice, however often it is delivered.
    """

    def __init__(
        self,
        database: Database,
        client: Client,
        consumer: Consumer,
        processor: Processor,
        policy: RetryPolicy,
    ) -> None:
        self._client = client
        self._consumer = consumer
        self._runner = BatchRunner(database, consumer.name, processor, policy)
        self._waiting = WaitingMessages(database, consumer.name, processor, policy)
        self._metrics = ConsumerMetrics(consumer.name)
        self._feeds: dict[int, PartitionFeed] = {}
        self._arrived: deque[Held] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []
        self._leases = Leases(
            database.connect_driver,
            namespace=consumer.name,
            slots=consumer.channel.partitions,
        )

    async def start(self) -> None:
        name = self._consumer.name
        self._tasks = [
            asyncio.create_task(self._hold_partitions(), name=f"partitions of {name}"),
            asyncio.create_task(self._work(), name=f"work of {name}"),
            asyncio.create_task(self._waiting.run(), name=f"waiting messages of {name}"),
        ]

    async def stop(self) -> None:
        """Finish the batch in hand, give back what has not been begun, leave the partitions."""
        if not self._tasks:
            return
        holder, worker, waiting = self._tasks
        self._stopping = True
        self._wake.set()
        await end(holder, waiting)
        await asyncio.gather(worker, return_exceptions=True)
        await self._leave(frozenset(self._feeds))
        await self._leases.close()
        self._tasks = []

    def reconnected(self) -> None:
        """Call when the connection to NATS is back after a break."""
        self._arrived.clear()
        for feed in self._feeds.values():
            feed.reconnected()

    async def survey(self) -> None:
        """Bring the gauges up to date: one small request to JetStream a partition held."""
        feeds = list(self._feeds.values())
        self._metrics.holds(
            len(feeds),
            of=self._consumer.channel.partitions,
            heard_at=min((feed.heard_at for feed in feeds), default=None),
        )
        self._metrics.surveyed(await asyncio.gather(*(feed.state() for feed in feeds)))

    async def _hold_partitions(self) -> None:
        while True:
            try:
                change = await self._leases.review()
                await self._leave(change.surplus)
                await self._leases.release(change.surplus)
            except LeasesLostError as error:
                log.warning("partitions lost", consumer=self._consumer.name, error=str(error))
            await self._leave(frozenset(self._feeds) - self._leases.held)
            await self._join(self._leases.held - frozenset(self._feeds))
            await asyncio.sleep(_REVIEW_SECONDS)

    async def _join(self, partitions: frozenset[int]) -> None:
        for partition in sorted(partitions):
            feed = PartitionFeed(self._client, self._consumer, partition, self._offer)
            self._feeds[partition] = feed
            await feed.start()
        if partitions:
            log.info("partitions", consumer=self._consumer.name, held=sorted(self._feeds))

    async def _leave(self, partitions: frozenset[int]) -> None:
        feeds = [self._feeds.pop(partition) for partition in partitions]
        for feed in feeds:
            feed.open = False
        if feeds:
            await self._until_idle()
        for feed in feeds:
            await feed.stop()

    async def _until_idle(self) -> None:
        """Wait for the batch in hand: its partition may go to nobody else before."""
        if not self._tasks[1].done():
            await self._idle.wait()

    def _offer(self, held: Held) -> None:
        self._arrived.append(held)
        self._wake.set()

    async def _work(self) -> None:
        while not self._stopping:
            self._idle.set()
            await self._wake.wait()
            self._wake.clear()
            while (batch := self._next_batch()) and not self._stopping:
                self._idle.clear()
                await self._settle(batch)
                await self._gather(after=len(batch))
        self._idle.set()

    def _next_batch(self) -> list[Held]:
        batch: list[Held] = []
        while self._arrived and len(batch) < self._consumer.max_batch:
            held = self._arrived.popleft()
            if held.feed.open:
                batch.append(held)
        return batch

    async def _gather(self, *, after: int) -> None:
        """Under load, let the next batch grow: each costs the same whatever its size."""
        if after > _BUSY_BATCH and len(self._arrived) < self._consumer.max_batch // 2:
            await asyncio.sleep(_GATHER_SECONDS)

    async def _settle(self, batch: list[Held]) -> None:
        """Run a batch until it is committed; the database may be away for any time."""
        pause = _FIRST_PAUSE_SECONDS
        while batch and not self._stopping:
            try:
                if await self._runner.run([held.incoming for held in batch]):
                    self._waiting.nudge()
            except Exception as error:  # noqa: BLE001 - not even setting aside worked: the database
                log.warning("batch waits", consumer=self._consumer.name, error=str(error)[:300])
            else:
                await self._acknowledge(batch)
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            batch = [held for held in batch if held.feed.open]

    async def _acknowledge(self, batch: Sequence[Held]) -> None:
        for feed in {held.feed for held in batch}:
            await feed.acknowledge(held.incoming for held in batch if held.feed is feed)
