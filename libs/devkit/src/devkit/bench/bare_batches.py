"""The relay's limit: its own client and frames without a database, two batches in flight.

`python -m devkit.bench.bare_batches NATS_URL CHANNEL COUNT` prints messages a second.
"""

import asyncio
import sys
import time
from collections.abc import Iterator

import uvloop

from chassis.relay.publishing.batch import BATCH_ROWS, BatchPublisher
from chassis.relay.rows import ClaimedRow
from chassis.relay.wire import Wire
from devkit.bench.outbox_load import load_messages

_IN_FLIGHT = 2
_ACK_SECONDS = 30.0


class BareBatchError(RuntimeError):
    """A batch was not stored: the limit cannot be measured."""


async def messages_per_second(nats_url: str, channel: str, count: int) -> float:
    """Publish `count` messages that are ready beforehand, as fast as two lanes go."""
    rows = [
        ClaimedRow(number, message.key, message.subject, message.headers, message.body, 0.0)
        for number, message in enumerate(load_messages(count, keys=500, channel=channel))
    ]
    batches = iter([rows[start : start + BATCH_ROWS] for start in range(0, count, BATCH_ROWS)])
    connected = asyncio.Event()
    wire = Wire(nats_url, name="bare-batches", on_connected=connected.set)
    publisher = BatchPublisher(wire, ack_seconds=_ACK_SECONDS)
    async with wire.running():
        await asyncio.wait_for(connected.wait(), _ACK_SECONDS)
        began = time.perf_counter()
        await asyncio.gather(*(_lane(publisher, batches) for _ in range(_IN_FLIGHT)))
        return count / (time.perf_counter() - began)


async def _lane(publisher: BatchPublisher, batches: Iterator[list[ClaimedRow]]) -> None:
    for batch in batches:
        verdict = await publisher.commit(publisher.stage(batch))
        if not verdict.is_stored:
            raise BareBatchError(f"a batch was not stored: {verdict.error}")


def main() -> None:
    nats_url, channel, count = sys.argv[1:]
    print(uvloop.run(messages_per_second(nats_url, channel, int(count))))


if __name__ == "__main__":
    main()
