"""Which orders the world has been told of."""

from contextlib import suppress
from uuid import UUID

import nats
from nats.js.errors import NotFoundError

from chassis.messaging import headers as names
from chassis.messaging.inbox import inbox_prefix
from devkit.embedded.nats_accounts import OBSERVER

_STREAM = "order-events"
_SUBJECT = "order.events.OrderPlaced.>"


async def published_orders(nats_url: str) -> set[UUID]:
    """Orders whose OrderPlaced is in the stream, read as the observer: one by one."""
    client = await nats.connect(nats_url, inbox_prefix=inbox_prefix(OBSERVER.name))
    try:
        jetstream = client.jetstream()
        found: set[UUID] = set()
        sequence = 0
        with suppress(NotFoundError):
            while True:
                message = await jetstream.get_msg(
                    _STREAM, seq=sequence + 1, subject=_SUBJECT, next=True
                )
                sequence = message.seq or sequence + 1
                found.add(UUID((message.headers or {})[names.SUBJECT]))
    finally:
        await client.close()
    return found
