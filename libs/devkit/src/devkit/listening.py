"""Hearing every message of a platform while it runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

from chassis.messaging.contracts import Kind
from devkit.order_check import HeardMessage, out_of_order

_EVERYTHING = tuple(f"*.{kind}.>" for kind in Kind)


class Listener:
    """What was heard, by subject space.

    Commands and replies leave their streams when they are handled, so they are heard as they are
    published; what is published while the connection is down is missed. Events stay, and are read
    from their streams.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._heard: list[HeardMessage] = []

    def hear(self, message: Msg) -> None:
        if message.headers is not None:
            self._heard.append(HeardMessage.of(message.subject, message.headers))

    async def late_messages(self) -> list[HeardMessage]:
        """Messages that came out of order: on the wire, or as they lie in a stream of events."""
        late = out_of_order(self._heard)
        for stream in await self._client.jetstream().streams_info():
            name = str(stream.config.name)
            if name.endswith(f"-{Kind.EVENTS}"):
                late += out_of_order(await self._stored(name, stream.state.messages))
        return late

    async def _stored(self, stream: str, count: int) -> list[HeardMessage]:
        subject = stream.replace("-", ".") + ".>"
        reader = await self._client.jetstream().subscribe(
            subject, stream=stream, ordered_consumer=True
        )
        messages = [await reader.next_msg(timeout=10) for _ in range(count)]
        await reader.unsubscribe()
        return [HeardMessage.of(message.subject, message.headers or {}) for message in messages]


@asynccontextmanager
async def listening(nats_url: str) -> AsyncIterator[Listener]:
    """Listen to everything; the connection comes back when the broker does."""
    client = await nats.connect(
        nats_url, max_reconnect_attempts=-1, reconnect_time_wait=0.05, error_cb=_expect
    )
    try:
        listener = Listener(client)

        async def hear(message: Msg) -> None:
            listener.hear(message)

        for subject in _EVERYTHING:
            await client.subscribe(subject, cb=hear)
        yield listener
    finally:
        await client.close()


async def _expect(_error: Exception) -> None:
    """The broker is killed on purpose: what the client would log of it is no news."""
