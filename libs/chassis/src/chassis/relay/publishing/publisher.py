"""Chooses how the rows of each channel are published."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from chassis.relay.frames import BATCH_HEADERS_MAX_BYTES, message_size
from chassis.relay.publishing.batch import BATCH_ROWS, BatchPublisher, StagedBatch
from chassis.relay.publishing.outcome import Operation, Outcome
from chassis.relay.publishing.shipment import Sorted, sort
from chassis.relay.publishing.verdict import LOST, UNANSWERED
from chassis.relay.publishing.waves import WavePublisher
from chassis.relay.rows import ClaimedRow
from chassis.relay.wire import Wire

PLAIN_ROWS: Final = 24
"""Up to here single publishes written together are answered sooner than a batch, even where the
server writes each of them through to the disk by itself."""
PLAIN_WAVES: Final = 3
"""Each wave is a round trip; beyond these a batch is sooner done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shipment:
    """Claimed rows on their way; none is in a stream before it is published.

    `staged` holds the batches of the first leg, by channel.
    """

    rows: Sorted = field(default_factory=Sorted)
    staged: dict[str, StagedBatch] = field(default_factory=dict)

    def abandon(self) -> None:
        """Do not publish it. Without effect on a shipment that was published."""
        for batch in self.staged.values():
            batch.abandon()


class Publisher:
    """Publishes claimed rows: streams side by side, the rows of a key in order.

    `ack_seconds` bounds the wait for an acknowledgement; what is not acknowledged is claimed and
    published again, and JetStream drops it if it was stored.
    """

    def __init__(self, wire: Wire, *, ack_seconds: float = 5.0) -> None:
        self._wire = wire
        self._batches = BatchPublisher(wire, ack_seconds=ack_seconds)
        self._waves = WavePublisher(wire, ack_seconds=ack_seconds)

    def load(self, rows: Sequence[ClaimedRow]) -> Shipment:
        """Get up to BATCH_ROWS rows ready, and what can be sent ahead on its way.

        Publish or abandon the shipment.
        """
        sorted_rows = sort(rows, max_payload=self._wire.max_payload)
        first_leg = sorted_rows.legs[0] if sorted_rows.legs else {}
        staged = {
            channel: self._batches.stage(group)
            for channel, group in first_leg.items()
            if self._goes_as_batch(group)
        }
        return Shipment(rows=sorted_rows, staged=staged)

    async def publish(self, shipment: Shipment) -> Outcome:
        outcome, began = Outcome(), time.perf_counter()
        staged = shipment.staged
        for leg in shipment.rows.legs:
            going = {
                channel: [row for row in rows if row.key not in outcome.stopped_keys]
                for channel, rows in leg.items()
            }
            parts = await asyncio.gather(
                *(self._timed(*item, staged.get(item[0])) for item in going.items() if item[1])
            )
            for part in parts:
                outcome.add(part)
            staged = {}
        for key, refused in shipment.rows.flawed.items():
            if key not in outcome.stopped_keys:
                outcome.refused.append(refused)
        if shipment.rows.legs:
            outcome.seconds.append(time.perf_counter() - began)
        return outcome

    async def _timed(
        self, channel: str, rows: Sequence[ClaimedRow], batch: StagedBatch | None
    ) -> Outcome:
        began = time.perf_counter()
        outcome = await self._publish(channel, rows, batch)
        seconds = time.perf_counter() - began
        outcome.operations.append(
            Operation(channel=channel, seconds=seconds, error_type=outcome.error_type)
        )
        return outcome

    async def _publish(
        self, channel: str, rows: Sequence[ClaimedRow], batch: StagedBatch | None
    ) -> Outcome:
        if batch is None and not self._goes_as_batch(rows):
            return await self._waves.publish(channel, rows)
        verdict = await self._batches.commit(batch or self._batches.stage(rows))
        if verdict.is_stored:
            return Outcome(stored=list(rows))
        if verdict is LOST or (verdict is UNANSWERED and not self._is_denied(rows)):
            return Outcome(delayed={channel: verdict.error}, stopped_keys={r.key for r in rows})
        # one row that is a duplicate, refused, misdirected or denied refuses all: find out singly
        return await self._waves.publish(channel, rows)

    def _is_denied(self, rows: Iterable[ClaimedRow]) -> bool:
        return any(self._wire.is_denied(row.subject) for row in rows)

    def _goes_as_batch(self, rows: Sequence[ClaimedRow]) -> bool:
        largest = self._wire.max_payload - BATCH_HEADERS_MAX_BYTES
        if len(rows) not in range(2, BATCH_ROWS + 1):
            return False
        if any(message_size(row) > largest for row in rows):
            return False
        waves = max(Counter(row.key for row in rows).values())
        return len(rows) > PLAIN_ROWS or waves > PLAIN_WAVES
