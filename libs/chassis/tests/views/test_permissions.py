"""Keeping a view with the rights that a service has in a cluster, and no others."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nats
from nats.aio.client import Client

from chassis.messaging.inbox import inbox_prefix
from chassis.messaging.permissions import NatsUser, service_user
from chassis.messaging.topology import ServiceTopology
from devkit.embedded.nats import NatsServer
from devkit.embedded.nats_accounts import NatsAccounts

ADMINISTRATOR = NatsUser(name="administrator", publish=(">",), listens=(">",))


@asynccontextmanager
async def connected(server: NatsServer, user: str, refused: list[str]) -> AsyncIterator[Client]:
    async def note(error: Exception) -> None:
        refused.append(str(error))

    client = await nats.connect(server.url_of(user), inbox_prefix=inbox_prefix(user), error_cb=note)
    try:
        yield client
    finally:
        await client.close()


async def test_a_view_needs_no_right_but_to_read_its_streams(
    tmp_path: Path,
    database: Any,
    open_library: Callable[..., Any],
    reader_topology: ServiceTopology,
    said: Any,
) -> None:
    refused: list[str] = []
    user = service_user(reader_topology)
    assert not [right for right in user.publish if "CONSUMER" in right or "ACK" in right]
    with NatsServer(tmp_path, accounts=NatsAccounts((user, ADMINISTRATOR))) as server:
        async with (
            connected(server, ADMINISTRATOR.name, refused) as administrator,
            connected(server, user.name, refused) as client,
            open_library(database.url, client, administrator) as library,
        ):
            kept = await library.keep()
            ids = await library.publish(said.lent(reader="ann", book="dune"))
            await library.until_shown(kept, *ids)
            ids = await library.publish(said.lent(reader="ann", book="emma"))
            await library.until_shown(kept, *ids)
    assert refused == []
