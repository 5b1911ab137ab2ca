"""Hearing every message of a platform while it runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

from chassis.messaging.contracts import Kind
from chassis.messaging.inbox import inbox_prefix
from devkit.embedded.nats_accounts import OBSERVER
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
        """One by one: a consumer would be faster, and whoever looks on may not make one."""
        jetstream = self._client.jetstream()
        subject = stream.replace("-", ".") + ".>"
        heard, sequence = [], 0
        for _ in range(count):
            message = await jetstream.get_msg(stream, seq=sequence + 1, subject=subject, next=True)
            sequence = message.seq or sequence + 1
            heard.append(HeardMessage.of(message.subject or "", message.headers or {}))
        return heard


@asynccontextmanager
async def listening(nats_url: str) -> AsyncIterator[Listener]:
    """Listen to everything, as the observer; the connection comes back when the broker does."""
    client = await nats.connect(
        nats_url,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.05,
        error_cb=_expect,
        inbox_prefix=inbox_prefix(OBSERVER.name),
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
