"""The loop: hold shards, drain them, rest until there is more to do."""

import asyncio
import logging
import time
from typing import Final

from chassis.bell import Bell
from chassis.leases import LeasesLostError
from chassis.relay.drain import Drain, Drained
from chassis.relay.metrics import RelayMetrics, WakeUp
from chassis.relay.pacing import Pacing
from chassis.relay.parking import Failures
from chassis.relay.store import OutboxStore
from chassis.relay.wire import Wire

log = logging.getLogger(__name__)

REVIEW_SECONDS: Final = 0.8
"""Between two looks at the other relays, while there are others or there is load."""
LONELY_REVIEW_SECONDS: Final = 20.0
RETRY_SECONDS: Final = 0.5
BUSY_ROWS: Final = 16
"""More than so many rows are committed while others are published only under load."""
GATHER_SECONDS: Final = 0.015
NATS_PATIENCE_SECONDS: Final = 3.0
LAST_DRAIN_SECONDS: Final = 5.0


class Relay:
    """Publishes the rows of the shards that it holds, from `run` until `stop`."""

    def __init__(
        self,
        *,
        store: OutboxStore,
        wire: Wire,
        drain: Drain,
        failures: Failures,
        metrics: RelayMetrics,
        bell: Bell,
    ) -> None:
        self._store = store
        self._wire = wire
        self._drain = drain
        self._failures = failures
        self._metrics = metrics
        self._bell = bell
        self._pacing = Pacing(metrics.lost_pokes.inc)
        self._stopping = False
        self._review_at = 0.0
        self._nats_seen_at = time.monotonic()
        self.turned_at = time.monotonic()
        """When the loop last came round, on the monotonic clock."""

    @property
    def shards(self) -> frozenset[int]:
        """The shards whose rows this relay publishes now."""
        return self._store.shards

    def poke(self) -> None:
        """There are new rows."""
        self._pacing.poke()
        self._bell.ring()

    def stop(self) -> None:
        """Make `run` finish what is in flight, publish what is committed by now, and return."""
        self._stopping = True
        self._bell.ring()

    async def run(self) -> None:
        """Raises nothing for a database or a NATS that is away: it waits for them."""
        while not self._stopping:
            self.turned_at = time.monotonic()
            self._bell.silence()
            try:
                await self._turn()
            except LeasesLostError as error:
                log.warning("database lost, connecting again", extra={"error": str(error)})
                await self._close_store()
                await self._bell.wait(RETRY_SECONDS)
        await self._leave()

    async def _turn(self) -> None:
        if not await self._nats_is_there():
            return
        poked = self._pacing.take_poke()
        delayed = self._failures.seconds_to_next_try() is not None
        gained = await self._review_when_due()
        drained = await self._look(WakeUp.POKE if poked else WakeUp.POLL)
        self._pacing.found(drained.rows, announced=poked or gained or delayed)
        while drained.unfinished and not self._stopping:
            await self._review_when_due()
            drained = await self._look(WakeUp.BUSY)
        await self._rest(after=drained.rows)

    async def _nats_is_there(self) -> bool:
        """Without NATS for a while, leave the shards to relays that may have it."""
        now = time.monotonic()
        if self._wire.connected:
            self._nats_seen_at = now
            return True
        if now - self._nats_seen_at > NATS_PATIENCE_SECONDS and self._store.shards:
            log.warning("NATS is away, giving up the shards")
            await self._close_store()
        await self._bell.wait(NATS_PATIENCE_SECONDS)
        return False

    async def _review_when_due(self) -> bool:
        """True if shards were gained."""
        now = time.monotonic()
        if now < self._review_at:
            return False
        gained = await self._store.review()
        self._metrics.shards_held.set(len(self._store.shards))
        self._review_at = now + (LONELY_REVIEW_SECONDS if self._is_alone else REVIEW_SECONDS)
        return gained

    async def _look(self, wake_up: WakeUp) -> Drained:
        self._metrics.woke_up(wake_up)
        self.turned_at = began = time.monotonic()
        drained = await self._drain.run(
            until=lambda: self._stopping or time.monotonic() > began + REVIEW_SECONDS
        )
        if drained.rows:  # under load a newcomer is to get its share soon
            self._review_at = min(self._review_at, began + REVIEW_SECONDS)
        return drained

    async def _rest(self, *, after: int) -> None:
        if after > BUSY_ROWS:  # a claim and a write cost the same whatever they hold
            await asyncio.sleep(GATHER_SECONDS)
        now = time.monotonic()
        waits = [self._pacing.seconds_to_next_poll(now)]
        if (next_try := self._failures.seconds_to_next_try()) is not None:
            waits.append(next_try)
        if not self._is_alone:
            waits.append(self._review_at - now)
        await self._bell.wait(max(min(waits), 0.0))

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(LAST_DRAIN_SECONDS):
                while self._wire.connected and self._store.shards:
                    if not (await self._drain.run(until=lambda: False)).rows:
                        break
        except (TimeoutError, LeasesLostError) as error:
            log.warning("stopped with rows left", extra={"error": repr(error)})
        await self._close_store()

    async def _close_store(self) -> None:
        await self._store.close()
        self._metrics.shards_held.set(0)
        self._review_at = 0.0

    @property
    def _is_alone(self) -> bool:
        return self._store.relays == 1
