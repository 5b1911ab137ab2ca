"""Every message gets into its stream once, each key in order, whatever the number of relays."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from nats.js import JetStreamContext

from chassis.relay.relay import Relay
from devkit.bench.outbox_load import (
    check_stream,
    insert_messages,
    load_message,
    load_messages,
    make_stream,
    read_stream,
    wait_until_empty,
)
from devkit.bench.relay_process import RelayProcess
from devkit.embedded.postgres import Database, PostgresServer
from devkit.eventually import eventually

pytestmark = pytest.mark.real

StartRelay = Callable[..., Awaitable[Relay]]
StartRelayProcess = Callable[[], RelayProcess]


async def test_three_relays_share_twenty_thousand_rows_and_keep_the_order_of_every_key(
    start_relay_process: StartRelayProcess,
    connection: asyncpg.Connection,
    jetstream: JetStreamContext,
) -> None:
    stream = await make_stream(jetstream, "bench.events")
    messages = load_messages(20_000, keys=500)
    astray = load_message("key-7", 1000, channel="nowhere.events")
    followers = [load_message("key-7", number) for number in range(1001, 1004)]
    relays = [start_relay_process() for _ in range(3)]

    for start in range(0, 20_000, 500):
        if start == 10_000:
            await insert_messages(connection, [astray, *followers])
        await insert_messages(connection, messages[start : start + 500])
        relays[start % 3].poke()

    held_back = [m for m in messages[10_000:] if m.key == "key-7"]
    remaining = len(held_back) + len(followers) + 1

    async def only_the_parked_key_remains() -> bool:
        left, parked = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM outbox_parked)"
        )
        return (left, parked) == (remaining, 1)

    parked_only: bool = await eventually(only_the_parked_key_remains, within=60)
    assert parked_only
    others = [message for message in messages if message not in held_back]
    check_stream(await read_stream(jetstream, stream), others)
    parked = await connection.fetch("SELECT key, subject, error FROM outbox_parked")
    assert [(row["key"], row["subject"]) for row in parked] == [("key-7", astray.subject)]
    assert "no stream" in parked[0]["error"]

    await make_stream(jetstream, "nowhere.events")
    await connection.execute("DELETE FROM outbox_parked")
    for relay in relays:
        relay.poke()
    await wait_until_empty(connection)
    found = await read_stream(jetstream, stream)
    assert [number for key, number in found[len(others) :] if key == "key-7"] == [
        *(m.number for m in followers),
        *(m.number for m in held_back),
    ]
    assert await read_stream(jetstream, "nowhere-events") == [("key-7", 1000)]


async def test_relays_share_the_shards_and_take_over_from_one_that_stops(
    start_relay: StartRelay, connection: asyncpg.Connection, jetstream: JetStreamContext
) -> None:
    stream = await make_stream(jetstream, "bench.events")
    first = await start_relay()
    await eventually(lambda: len(first.shards) == 64)
    second = await start_relay()
    messages = load_messages(200, keys=50)

    for message in messages:
        await insert_messages(connection, [message])
    await eventually(lambda: (len(first.shards), len(second.shards)) == (32, 32))
    assert not first.shards & second.shards

    more = [load_message(f"key-{number % 50}", 4 + number // 50) for number in range(100)]
    first.stop()
    await insert_messages(connection, more)
    await eventually(lambda: len(second.shards) == 64)
    await wait_until_empty(connection)
    check_stream(await read_stream(jetstream, stream), messages + more)


async def test_a_relay_that_is_killed_between_publish_and_delete_loses_and_repeats_nothing(
    start_relay_process: StartRelayProcess,
    connection: asyncpg.Connection,
    outbox_database: Database,
    postgres_server: PostgresServer,
    jetstream: JetStreamContext,
) -> None:
    stream = await make_stream(jetstream, "bench.events")
    messages = load_messages(3000, keys=40)
    await insert_messages(connection, messages)
    witness = await asyncpg.connect(outbox_database.url)
    superuser = await asyncpg.connect(postgres_server.url)  # sees the relay's session
    async with witness.transaction():
        await witness.execute("LOCK TABLE outbox IN SHARE MODE")  # reads pass, deletes wait
        killed = start_relay_process()

        async def a_shipment_is_stored_and_waits_for_its_deletion() -> bool:
            waiting: bool = await superuser.fetchval(
                "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock')"
            )
            return waiting and (await jetstream.stream_info(stream)).state.messages >= 1000

        stored: bool = await eventually(a_shipment_is_stored_and_waits_for_its_deletion)
        assert stored
        killed.kill()
        await superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'bench-service-relay'"
        )
    assert await connection.fetchval("SELECT count(*) FROM outbox") == 3000

    start_relay_process()
    await wait_until_empty(connection)
    check_stream(await read_stream(jetstream, stream), messages)
    await witness.close()
    await superuser.close()
