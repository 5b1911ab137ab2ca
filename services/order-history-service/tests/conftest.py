"""order-history-service on real streams and a real, migrated database."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from httpx import ASGITransport, AsyncClient, Response
from nats.aio.client import Client

from chassis.messaging.contracts import Event
from chassis.messaging.envelope import OutgoingMessage
from chassis.messaging.provisioner import provision
from chassis.messaging.topology import ServiceTopology, Stream
from chassis.persistence.migrations import upgrade
from chassis.tasks import end
from chassis.views import KeptView, ViewNotReadyError
from devkit.eventually import eventually
from order_history_service.app import build
from order_history_service.messaging.topology import TOPOLOGY
from order_history_service.settings import Settings
from order_history_service.view import ORDER_HISTORY

OWNERS = tuple(
    ServiceTopology(
        service=f"{channel.context}-service",
        context=channel.context,
        streams=(Stream(channel=channel),),
    )
    for channel in TOPOLOGY.reads
)
CHANNELS = {channel.context: channel for channel in TOPOLOGY.reads}


@dataclass(frozen=True, slots=True)
class History:
    """What others say goes in, and what the service answers comes out."""

    nats: Client
    http: AsyncClient
    kept: KeptView

    async def hear(self, *events: Event) -> None:
        """The events happen one after another; returns when the history shows them."""
        outgoing = [OutgoingMessage(message=event, key=event.key) for event in events]
        for message in outgoing:
            await self.send(message)
        await self.until_shown(*(message.message_id for message in outgoing))

    async def send(self, outgoing: OutgoingMessage, *, again: str = "") -> None:
        """`again` makes the broker take the same event for another one."""
        event = outgoing.message
        assert isinstance(event, Event)
        headers = dict(outgoing.headers(f"{event.context}-service"))
        headers["Nats-Msg-Id"] += again
        subject = CHANNELS[event.context].subject(event.wire_type, outgoing.key)
        await self.nats.jetstream(timeout=60).publish(subject, event.to_body(), headers=headers)

    async def until_shown(self, *ids: UUID) -> None:
        async def shown() -> bool:
            try:
                return not await self.kept.missing(ids)
            except ViewNotReadyError:
                return False

        await eventually(shown, within=60)

    async def ask(
        self, path: str, *, headers: Mapping[str, str] | None = None, **parameters: Any
    ) -> Response:
        return await self.http.get(path, params=parameters, headers=headers)

    async def get(
        self, path: str, *, headers: Mapping[str, str] | None = None, **parameters: Any
    ) -> dict[str, Any]:
        answer = await self.ask(path, headers=headers, **parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def pages(self, path: str, **parameters: Any) -> AsyncIterator[list[dict[str, Any]]]:
        """The orders of every page, until there is none."""
        page = await self.get(path, **parameters)
        cursors: set[str] = set()
        while cursor := page["next_cursor"]:
            yield page["orders"]
            assert cursor not in cursors, "the pages lead nowhere"
            cursors.add(cursor)
            page = await self.get(path, **parameters, cursor=cursor)
        yield page["orders"]


@pytest.fixture
async def history(database, nats_client: Client, nats_url: str) -> AsyncIterator[History]:
    await asyncio.to_thread(upgrade, "order_history_service", database.url)
    await provision(nats_client.jetstream(), [*OWNERS, TOPOLOGY])
    service = build(
        Settings(database_url=database.url, nats_url=nats_url, consistency_wait_seconds=2)
    )

    async def connected() -> Client:
        return nats_client

    kept = KeptView(service.database, ORDER_HISTORY, TOPOLOGY, connected)
    keeping = asyncio.create_task(kept.run())
    transport = ASGITransport(service.http)
    async with AsyncClient(transport=transport, base_url="http://history") as http:
        history = History(nats_client, http, kept)
        await history.until_shown()
        yield history
    await end(keeping)
    # what was asked last has to be answered before the database is closed
    looking = [task for task in asyncio.all_tasks() if task.get_name() == "readers of own writes"]
    await asyncio.wait([keeping, *looking])
    await service.database.close()
