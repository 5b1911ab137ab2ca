"""Databases and brokers that go away and come back; relays that start without them."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import nats
import pytest
from nats.js import JetStreamContext

from chassis.messaging.permissions import NatsUser, relay_user
from chassis.messaging.topology import ServiceTopology, Stream, events
from chassis.relay.composition import composed_relay
from chassis.relay.publishing.publisher import Publisher
from chassis.relay.relay import Relay
from chassis.relay.rows import ClaimedRow
from chassis.relay.settings import RelaySettings
from chassis.relay.wire import Wire
from devkit.bench.outbox_load import (
    check_stream,
    insert_messages,
    load_messages,
    make_stream,
    read_stream,
    wait_until_empty,
)
from devkit.bench.outbox_schema import create_outbox
from devkit.embedded.nats import NatsServer
from devkit.embedded.nats_accounts import NatsAccounts
from devkit.embedded.postgres import Database, PostgresServer
from devkit.eventually import eventually

pytestmark = pytest.mark.real

BENCH = ServiceTopology(
    service="bench-service", context="bench", streams=(Stream(channel=events("bench")),)
)
ADMINISTRATOR = NatsUser(name="administrator", publish=(">",), listens=(">",))


@asynccontextmanager
async def running_relay(database: Database, nats_url: str) -> AsyncIterator[Relay]:
    settings = RelaySettings(
        service_name="bench-service", database_url=database.relay_url, nats_url=nats_url
    )
    async with composed_relay(settings) as relay:
        task = asyncio.create_task(relay.run())
        yield relay
        relay.stop()
        await asyncio.wait_for(task, 60)


@asynccontextmanager
async def jetstream_of(server: NatsServer) -> AsyncIterator[JetStreamContext]:
    connection = await nats.connect(server.url, max_reconnect_attempts=-1, reconnect_time_wait=0)
    try:
        yield connection.jetstream()
    finally:
        await connection.close()


async def messages_in(jetstream: JetStreamContext, stream: str) -> int:
    return (await jetstream.stream_info(stream)).state.messages


async def test_nats_is_restarted_under_load(
    outbox_database: Database, connection: asyncpg.Connection, fresh_nats_server: NatsServer
) -> None:
    messages = load_messages(12_000, keys=100)
    async with jetstream_of(fresh_nats_server) as jetstream:
        stream = await make_stream(jetstream, "bench.events")
        async with running_relay(outbox_database, fresh_nats_server.url):
            for start in range(0, 12_000, 500):
                await insert_messages(connection, messages[start : start + 500])
                if start in (3000, 8000):
                    await asyncio.to_thread(fresh_nats_server.kill)
                    await asyncio.to_thread(fresh_nats_server.start)
            await wait_until_empty(connection, within=60)
        check_stream(await read_stream(jetstream, stream), messages)
    assert await connection.fetchval("SELECT count(*) FROM outbox_parked") == 0


async def test_postgresql_is_restarted_under_load(
    fresh_postgres_server: PostgresServer,
    nats_server: NatsServer,
    jetstream: JetStreamContext,
) -> None:
    stream = await make_stream(jetstream, "bench.events")
    database = await asyncio.to_thread(fresh_postgres_server.create_database, "outbox")
    await create_outbox(database.url)
    messages = load_messages(12_000, keys=100)
    async with running_relay(database, nats_server.url) as relay:
        for part in (messages[:4000], messages[4000:8000], messages[8000:]):
            connection = await asyncpg.connect(database.url)
            await insert_messages(connection, part)
            relay.poke()
            connection.terminate()
            await asyncio.to_thread(fresh_postgres_server.restart)
        connection = await asyncpg.connect(database.url)
        await wait_until_empty(connection)
        await connection.close()
    check_stream(await read_stream(jetstream, stream), messages)


async def test_a_relay_starts_while_database_and_nats_are_away_and_waits_for_them(
    fresh_postgres_server: PostgresServer, fresh_nats_server: NatsServer
) -> None:
    database = await asyncio.to_thread(fresh_postgres_server.create_database, "outbox")
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(fresh_postgres_server.stop)
        await asyncio.to_thread(fresh_nats_server.stop)
        relay = await stack.enter_async_context(running_relay(database, fresh_nats_server.url))
        await asyncio.to_thread(fresh_nats_server.start)
        await asyncio.to_thread(fresh_postgres_server.start)
        await create_outbox(database.url)  # the relay may even be there before it may connect

        await eventually(lambda: len(relay.shards) == 64)
        jetstream = await stack.enter_async_context(jetstream_of(fresh_nats_server))
        stream = await make_stream(jetstream, "bench.events")
        connection = await asyncpg.connect(database.url)
        messages = load_messages(10, keys=2)
        await insert_messages(connection, messages)
        await wait_until_empty(connection)
        await connection.close()
        check_stream(await read_stream(jetstream, stream), messages)


async def test_a_relay_without_nats_leaves_its_shards_to_others(
    outbox_database: Database, nats_server: NatsServer, fresh_nats_server: NatsServer
) -> None:
    async with (
        running_relay(outbox_database, fresh_nats_server.url) as cut_off,
        running_relay(outbox_database, nats_server.url) as healthy,
    ):
        await eventually(lambda: len(cut_off.shards) + len(healthy.shards) == 64)
        await asyncio.to_thread(fresh_nats_server.stop)
        await eventually(lambda: len(healthy.shards) == 64, within=60)
        assert not cut_off.shards


async def test_a_batch_whose_acknowledgement_is_lost_is_published_again_without_effect(
    fresh_nats_server: NatsServer,
) -> None:
    rows = [
        ClaimedRow(number, m.key, m.subject, m.headers, m.body, 0.0)
        for number, m in enumerate(load_messages(500, keys=10))
    ]
    connected = asyncio.Event()
    wire = Wire(fresh_nats_server.url, name="test", on_connected=connected.set)
    publisher = Publisher(wire, ack_seconds=0.3)
    async with jetstream_of(fresh_nats_server) as jetstream, wire.running():
        stream = await make_stream(jetstream, "bench.events")
        await connected.wait()
        os.kill(fresh_nats_server.pid, signal.SIGSTOP)
        unanswered = await publisher.publish(publisher.load(rows))
        os.kill(fresh_nats_server.pid, signal.SIGCONT)
        again = await publisher.publish(publisher.load(rows))

        assert list(unanswered.delayed) == ["bench.events"]
        assert not unanswered.stored
        assert [row.id for row in again.duplicates] == sorted(row.id for row in rows)
        assert await messages_in(jetstream, stream) == 500


async def test_rows_that_the_relay_may_not_publish_park_their_keys_and_no_others(
    outbox_database: Database, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    accounts = NatsAccounts((relay_user(BENCH), ADMINISTRATOR))
    with NatsServer(tmp_path, accounts=accounts) as server:
        admin = await nats.connect(server.url_of(ADMINISTRATOR.name))
        stream = await make_stream(admin.jetstream(), "bench.events")
        await make_stream(admin.jetstream(), "secret.events")
        allowed = load_messages(400, keys=20)
        forbidden = [load_messages(1, keys=1, channel="secret.events")[0]]
        await insert_messages(connection, [*allowed[:200], *forbidden, *allowed[200:]])
        async with running_relay(outbox_database, server.url_of(relay_user(BENCH).name)):
            probe = "SELECT error FROM outbox_parked"
            error = await eventually(lambda: connection.fetchval(probe))
        assert "no permission to publish to secret.events" in str(error)
        found = await read_stream(admin.jetstream(), stream)
        check_stream(found, [m for m in allowed if m.key != "key-0"] + allowed[:200:20])
        await admin.close()


async def test_a_row_whose_subject_no_stream_stores_is_parked_under_permissions_too(
    outbox_database: Database, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    accounts = NatsAccounts((relay_user(BENCH), ADMINISTRATOR))
    with NatsServer(tmp_path, accounts=accounts) as server:
        await insert_messages(connection, load_messages(1, keys=1))
        async with running_relay(outbox_database, server.url_of(relay_user(BENCH).name)):
            probe = "SELECT error FROM outbox_parked"
            error = await eventually(lambda: connection.fetchval(probe))
        assert "no stream stores the subject bench.events" in str(error)
