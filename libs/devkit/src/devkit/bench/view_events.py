"""Events for a view, in the streams as a relay puts them there."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Final
from uuid import UUID

from chassis.ids import new_id
from chassis.messaging.contracts import Event
from chassis.messaging.envelope import OutgoingMessage
from chassis.messaging.headers import encode_header_block
from chassis.relay.publishing.batch import BATCH_ROWS, BatchPublisher
from chassis.relay.rows import ClaimedRow
from chassis.relay.wire import Wire
from devkit.bench.history_view import EVENTS_OF_AN_ORDER, ORDERS, SHIPMENTS, order_of

_ACK_SECONDS: Final = 30.0
_TOGETHER: Final = 50
"""Orders under way at the same time: their events are mixed in the streams."""


class NotStoredError(RuntimeError):
    """A batch was not stored: there is nothing to measure with."""


def order_events(number: int) -> list[Event]:
    """So many events, five of each order, of orders whose lives overlap."""
    at = datetime.now(UTC)
    found: list[Event] = []
    for first in range(0, number // EVENTS_OF_AN_ORDER, _TOGETHER):
        last = min(first + _TOGETHER, number // EVENTS_OF_AN_ORDER)
        lives = [order_of(new_id(), n, at) for n in range(first, last)]
        found += [event for step in zip(*lives, strict=True) for event in step]
    return found


class EventPublisher:
    """Publishes events by atomic batches, as relays do."""

    def __init__(self, wire: Wire) -> None:
        self._publisher = BatchPublisher(wire, ack_seconds=_ACK_SECONDS)
        self._numbers = count()

    async def publish(self, events: Iterable[Event]) -> list[UUID]:
        """Returns their ids once all are stored; raises NotStoredError."""
        rows: defaultdict[str, list[ClaimedRow]] = defaultdict(list)
        ids = []
        for event in events:
            message_id, row = _row(next(self._numbers), event)
            ids.append(message_id)
            rows[event.context].append(row)
        await asyncio.gather(*(_publish(self._publisher, one) for one in rows.values()))
        return ids


@asynccontextmanager
async def event_publisher(nats_url: str) -> AsyncIterator[EventPublisher]:
    """A publisher with a connection of its own."""
    connected = asyncio.Event()
    wire = Wire(nats_url, name="view-events", on_connected=connected.set)
    async with wire.running():
        await asyncio.wait_for(connected.wait(), _ACK_SECONDS)
        yield EventPublisher(wire)


async def _publish(publisher: BatchPublisher, rows: list[ClaimedRow]) -> None:
    for batch in _batches(rows):
        verdict = await publisher.commit(publisher.stage(batch))
        if not verdict.is_stored:
            raise NotStoredError(f"a batch was not stored: {verdict.error}")


def _batches(rows: list[ClaimedRow]) -> Iterator[list[ClaimedRow]]:
    for start in range(0, len(rows), BATCH_ROWS):
        yield rows[start : start + BATCH_ROWS]


def _row(number: int, event: Event) -> tuple[UUID, ClaimedRow]:
    channel = ORDERS if event.context == "order" else SHIPMENTS
    message = OutgoingMessage(message=event, key=event.key)
    headers = encode_header_block(message.headers(f"{event.context}-service"))
    subject = channel.subject(event.wire_type, event.key)
    row = ClaimedRow(number, event.key, subject, headers, event.to_body(), 0.0)
    return message.message_id, row
