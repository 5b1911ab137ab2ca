"""Consuming with the rights that a service has in a cluster, and no others."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.aio.client import Client

from chassis.messaging.inbox import inbox_prefix
from chassis.messaging.permissions import NatsUser, service_user
from chassis.messaging.provisioner import provision
from chassis.messaging.topology import Consumer, ServiceTopology, Stream, commands
from devkit.embedded.nats import NatsServer
from devkit.embedded.nats_accounts import NatsAccounts
from devkit.eventually import eventually

COMMANDS = commands("ledger")
SLOW = timedelta(minutes=10)
TOPOLOGY = ServiceTopology(
    service="ledger-service",
    context="ledger",
    streams=(Stream(channel=COMMANDS),),
    consumers=(Consumer(service="ledger-service", channel=COMMANDS, ack_wait=SLOW),),
)
ADMINISTRATOR = NatsUser(name="administrator", publish=(">",), listens=(">",))
ACKNOWLEDGEMENTS = {"as now": "", "as to come": "feature_flags { js_ack_fc_v2: true }\n"}


@asynccontextmanager
async def connected(server: NatsServer, user: str, refused: list[str]) -> AsyncIterator[Client]:
    async def note(error: Exception) -> None:
        refused.append(str(error))

    client = await nats.connect(server.url_of(user), inbox_prefix=inbox_prefix(user), error_cb=note)
    try:
        yield client
    finally:
        await client.close()


@pytest.mark.parametrize("form", ACKNOWLEDGEMENTS)
async def test_a_service_takes_over_and_acknowledges_whatever_the_server_calls_its_acknowledgements(
    form: str,
    tmp_path: Path,
    database: Any,
    open_ledger: Callable[..., AbstractAsyncContextManager[Any]],
    note: Callable[..., Any],
) -> None:
    refused: list[str] = []
    accounts = NatsAccounts((service_user(TOPOLOGY), ADMINISTRATOR))
    with NatsServer(tmp_path, accounts=accounts, more=ACKNOWLEDGEMENTS[form]) as server:
        async with (
            connected(server, ADMINISTRATOR.name, refused) as administrator,
            connected(server, "ledger-service", refused) as client,
            connected(server, "ledger-service", refused) as killed,
        ):
            await provision(administrator.jetstream(), [TOPOLOGY])
            async with open_ledger(database.url, client, administrator) as ledger:
                for number in range(20):
                    await ledger.send(note("a", number))
                await held_by(killed, COMMANDS.partition("a"), messages=7)

                await ledger.start()

                # the seven come back long before their time is over, or not within this test
                await eventually(lambda: emptied(administrator), within=60)
                assert await ledger.notes("a") == list(range(20))
    assert refused == []


async def held_by(client: Client, partition: int, *, messages: int) -> None:
    """Leave messages unacknowledged with a process that is gone."""
    durable = TOPOLOGY.consumers[0].durable(partition)
    subscription = await client.jetstream().pull_subscribe_bind(durable, stream="ledger-commands")
    assert len(await subscription.fetch(messages)) == messages


async def emptied(client: Client) -> bool:
    return (await client.jetstream().stream_info("ledger-commands")).state.messages == 0
