"""The events of one order, as they lie in the streams: a flow by choreography made visible."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

import nats
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from chassis.messaging import headers as names
from chassis.messaging.contracts import Kind, context_and_name
from chassis.messaging.inbox import inbox_prefix
from chassis.messaging.topology import Channel, events
from devkit.embedded.nats_accounts import OBSERVER

_EVENTS = f"-{Kind.EVENTS}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChainedEvent:
    """An event; ``causation_id`` is the message that it was published in reaction to."""

    at: datetime
    source: str
    name: str
    key: str
    message_id: UUID
    causation_id: UUID | None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Self:
        """Read the headers as they came from NATS."""
        cause = headers.get(names.CAUSATION_ID)
        return cls(
            at=datetime.fromisoformat(names.decode_value(names.TIME, headers[names.TIME])),
            source=headers[names.SOURCE],
            name=context_and_name(headers[names.TYPE])[1],
            key=names.decode_value(names.SUBJECT, headers[names.SUBJECT]),
            message_id=UUID(headers[names.ID]),
            causation_id=UUID(cause) if cause else None,
        )


async def read_event_chain(nats_url: str, key: str) -> tuple[ChainedEvent, ...]:
    """All events with this key, from all streams of events, in the order of their making."""
    client = await nats.connect(nats_url, inbox_prefix=inbox_prefix(OBSERVER.name))
    try:
        jetstream = client.jetstream()
        found: list[ChainedEvent] = []
        for stream in await jetstream.streams_info():
            context = str(stream.config.name).removesuffix(_EVENTS)
            if context != stream.config.name:
                found += await _read(jetstream, events(context), key)
    finally:
        await client.close()
    return tuple(sorted(found, key=lambda event: event.message_id))


async def _read(jetstream: JetStreamContext, channel: Channel, key: str) -> list[ChainedEvent]:
    """One by one: a consumer would be faster, and whoever looks on may not make one."""
    (subject,) = channel.filter_subjects(channel.partition(key))
    found, sequence = [], 0
    with suppress(NotFoundError):
        while True:
            message = await jetstream.get_msg(
                channel.stream, seq=sequence + 1, subject=subject, next=True
            )
            sequence = message.seq or sequence + 1
            event = ChainedEvent.of(message.headers or {})
            if event.key == key:
                found.append(event)
    return found
