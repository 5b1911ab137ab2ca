"""When nothing moves any more, in whatever services there are."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import nats
from nats.aio.client import Client

from chassis.messaging.inbox import inbox_prefix
from devkit.embedded.nats_accounts import OBSERVER
from devkit.platform import Addresses
from devkit.saga_counts import read_saga_counts

_LOOK_SECONDS: Final = 0.2
_LOOKS: Final = 2  # what an outbox holds at one look is in a stream, or handled, at the next


async def all_quiet(addresses: Addresses, *, within: float, observe: Callable[[int], None]) -> bool:
    """Wait until all messages are handled and all sagas have ended; False if not in time."""
    give_up = time.monotonic() + within
    async with _observer(addresses.nats) as client:
        still = 0
        while still < _LOOKS:
            moving = await _unhandled(client) + (await read_saga_counts(addresses)).in_flight
            observe(moving)
            still = 0 if moving else still + 1
            if moving and time.monotonic() > give_up:
                return False
            await asyncio.sleep(_LOOK_SECONDS)
        return True


async def _unhandled(client: Client) -> int:
    """Messages that consumers have not been given yet, or have not acknowledged."""
    jetstream = client.jetstream()
    count = 0
    for stream in await jetstream.streams_info():
        for consumer in await jetstream.consumers_info(str(stream.config.name)):
            count += (consumer.num_pending or 0) + (consumer.num_ack_pending or 0)
    return count


@asynccontextmanager
async def _observer(url: str) -> AsyncIterator[Client]:
    client = await nats.connect(url, inbox_prefix=inbox_prefix(OBSERVER.name))
    try:
        yield client
    finally:
        await client.close()
