"""What has become of events that a service reads, as seen from outside it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from chassis.messaging.topology import Channel
from chassis.persistence.tables import METADATA as BOOKS
from devkit.conformance.correspondent import Correspondent, Notice
from devkit.deployables import Deployable
from devkit.eventually import eventually
from devkit.platform import Platform

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
_CHECKPOINT = """
SELECT coalesce(min(sequence), 0) FROM view_checkpoints
WHERE channel = $1 AND partition = $2
"""


class Reader:
    """A service that reads events: with a consumer, or for a view."""

    def __init__(self, service: Deployable, platform: Platform, writer: Correspondent) -> None:
        self.name = service.name
        self._topology = service.topology
        self._database = platform.addresses.postgresql[service.name]
        self._writer = writer

    async def has_read(self, notice: Notice, sequence: int) -> None:
        """Wait until it is through with everything up to a place in the event's partition."""
        consumers = [one for one in self._topology.consumers if one.channel == notice.channel]
        jetstream = self._writer.ear.jetstream()

        async def read() -> bool:
            for consumer in consumers:
                durable = consumer.durable(notice.partition)
                info = await jetstream.consumer_info(notice.channel.stream, durable)
                if info.ack_floor is None or info.ack_floor.stream_seq < sequence:
                    return False
            return notice.channel not in self._topology.reads or await self._viewed(
                notice, sequence
            )

        await eventually(read, within=60, every=0.05)

    async def has_sent_all(self) -> None:
        """Wait until its outbox is empty, and what was in it has been heard."""

        async def sent() -> bool:
            return await self.fetch("SELECT count(*) FROM outbox") == [0]

        await eventually(sent, within=60, every=0.05)
        await self._writer.heard_all()

    async def rows_about(self, key: str) -> Sequence[str]:
        """The rows of its own tables, not of the chassis's, that the key is in."""
        tables = [one for one in await self.fetch(_TABLES) if one not in BOOKS.tables]
        rows: list[str] = []
        for table in sorted(tables):
            found = await self.fetch(
                f'SELECT t::text FROM "{table}" AS t WHERE position($1 in t::text) > 0',  # noqa: S608 - a name from the database itself
                key,
            )
            rows += sorted(f"{table}: {row}" for row in found)
        return rows

    async def inbox(self, messages: Sequence[UUID]) -> int:
        """How many of the messages its consumers have taken in."""
        [count] = await self.fetch(
            "SELECT count(*) FROM received_messages WHERE message_id = ANY($1)", list(messages)
        )
        return int(count)

    async def dead(self, message: UUID) -> Sequence[str]:
        """Why a message is among its dead letters, if it is."""
        return await self.fetch("SELECT reason FROM dead_letters WHERE message_id = $1", message)

    async def waiting(self, message: UUID) -> Sequence[str]:
        """Why a message is set aside, if it is."""
        return await self.fetch(
            "SELECT reason FROM deferred_messages WHERE message_id = $1", message
        )

    async def fetch(self, statement: str, *arguments: object) -> list[Any]:
        """The first column of what its database says."""
        connection = await asyncpg.connect(self._database)
        try:
            return [row[0] for row in await connection.fetch(statement, *arguments)]
        finally:
            await connection.close(timeout=5)

    async def _viewed(self, notice: Notice, sequence: int) -> bool:
        reached = await self.fetch(_CHECKPOINT, notice.channel.name, notice.partition)
        return bool(reached[0] >= sequence)


def consumes(service: Deployable, channel: Channel) -> bool:
    """Whether it has an inbox for the channel; a view has its checkpoint in place of one."""
    return any(one.channel == channel for one in service.topology.consumers)
