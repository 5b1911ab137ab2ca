"""Claim, publish, delete, with the next claim under way while JetStream stores."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chassis.leases import LeasesLostError
from chassis.relay.metrics import RelayMetrics
from chassis.relay.parking import Failures
from chassis.relay.publishing.outcome import Outcome
from chassis.relay.publishing.publisher import Publisher, Shipment
from chassis.relay.rows import Claim, ClaimedRow
from chassis.relay.store import OutboxStore

if TYPE_CHECKING:
    from chassis.relay.spans import PublishSpans

Until = Callable[[], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Drained:
    """`rows` were claimed. `unfinished`: there may be more to claim at once."""

    rows: int
    unfinished: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Load:
    """A claim ready to go. `cut_short`: it is empty because the draining is to end."""

    claim: Claim = field(default_factory=Claim)
    shipment: Shipment = field(default_factory=Shipment)
    cut_short: bool = False


class Drain:
    """Empties the held shards of the outbox, except for what failures keep back.

    One shipment at a time is published, so that no later one overtakes rows that fail.
    """

    def __init__(
        self,
        *,
        store: OutboxStore,
        publisher: Publisher,
        failures: Failures,
        metrics: RelayMetrics,
        spans: "PublishSpans | None" = None,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._failures = failures
        self._metrics = metrics
        self._spans = spans

    async def run(self, *, until: Until) -> Drained:
        """Go on until a claim comes back short, or `until` says so between two shipments.

        No row is in flight afterwards. Raises LeasesLostError when the database is lost; what was
        not deleted will be published again.
        """
        rows = 0
        landed, load = Outcome(), await self._load()
        while load.claim.rows:
            rows += len(load.claim.rows)
            landed, load = await self._step(landed, load, until)
        await self._settle(landed)
        return Drained(rows=rows, unfinished=load.cut_short)

    async def _step(self, landed: Outcome, load: _Load, until: Until) -> tuple[Outcome, _Load]:
        """Publish what is loaded; meanwhile settle what has landed and load what follows."""
        began = time.time_ns()
        flight = self._store.start(self._publisher.publish(load.shipment))
        following = _Load()
        try:
            await asyncio.sleep(0)  # the flight writes to the socket before anything else is done
            await self._settle(landed)
            following = await self._load_after(load.claim, until)
            landed = await _landing(flight)
            self._trace(landed, began)
        except BaseException:
            flight.cancel()
            following.shipment.abandon()
            raise
        if landed.is_clean:
            return landed, following
        following.shipment.abandon()  # it may be of a key or a stream that failed
        await self._settle(landed)
        return Outcome(), _Load(cut_short=True) if until() else await self._load()

    async def _load_after(self, claim: Claim, until: Until) -> _Load:
        if not claim.more:
            return _Load()
        return _Load(cut_short=True) if until() else await self._load(in_flight=claim.rows)

    async def _load(self, *, in_flight: Sequence[ClaimedRow] = ()) -> _Load:
        claim = await self._store.claim(
            in_flight=in_flight,
            keys=self._failures.held_keys,
            channels=self._failures.held_channels,
        )
        return _Load(claim=claim, shipment=self._publisher.load(claim.rows))

    async def _settle(self, outcome: Outcome) -> None:
        self._metrics.published(outcome)
        if published := (*outcome.stored, *outcome.duplicates):
            await self._store.delete(published)
        if refusals := self._failures.note(outcome):
            await self._store.park(refusals)
            if self._spans is not None:
                self._spans.parked(refusals)

    def _trace(self, landed: Outcome, began: int) -> None:
        if self._spans is not None:
            self._spans.published(landed, began)


async def _landing(flight: asyncio.Task[Outcome]) -> Outcome:
    await asyncio.wait([flight])
    if flight.cancelled():
        raise LeasesLostError("the shards were lost with a shipment in flight")
    return flight.result()
