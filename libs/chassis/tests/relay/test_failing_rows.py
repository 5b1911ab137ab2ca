"""A row that fails stops its own key, a stream that is full its own rows, and nothing else."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import asyncpg
import pytest
from nats.js import JetStreamContext

from chassis.relay.relay import Relay
from devkit.bench.outbox_load import (
    LoadMessage,
    check_stream,
    insert_messages,
    load_message,
    load_messages,
    make_stream,
    read_stream,
    wait_until_empty,
)
from devkit.embedded.postgres import Database
from devkit.eventually import eventually

pytestmark = pytest.mark.real

StartRelay = Callable[..., Awaitable[Relay]]
MEBIBYTE = 1024 * 1024


async def wait_until_parked(connection: asyncpg.Connection, key: str) -> asyncpg.Record:
    async def entry() -> asyncpg.Record | None:
        return await connection.fetchrow("SELECT * FROM outbox_parked WHERE key = $1", key)

    parked: asyncpg.Record = await eventually(entry)
    return parked


async def wait_for_rows(connection: asyncpg.Connection, count: int) -> None:
    async def exactly() -> bool:
        rows: int = await connection.fetchval("SELECT count(*) FROM outbox")
        return rows == count

    reached: bool = await eventually(exactly)
    assert reached


def unpublishable() -> dict[str, tuple[LoadMessage, str, int]]:
    """By key: a row, what is wrong with it, and how often it is tried."""
    good = {number: load_message(f"bad-{number}", 0) for number in range(8)}
    expecting = good[5].headers + b"Nats-Expected-Stream: another\r\n"
    rows = [
        (load_message("bad-0", 0, body_bytes=MEBIBYTE + 1), "server's limit", 1),
        (replace(good[1], subject="bench.events.*"), "tokens", 1),
        (replace(good[2], subject="bench.events.two words"), "tokens", 1),
        (replace(good[3], headers=b"Nats-Msg-Id: 1\r\n"), "header block", 1),
        (load_message("bad-4", 0, body_bytes=200_000), "message size exceeds", 4),
        (replace(good[5], headers=expecting), "expected stream", 4),
        (replace(good[6], subject="nowhere.events.Lost.0"), "no stream", 4),
        (replace(good[7], subject="bench"), "tokens", 1),
    ]
    return {row[0].key: row for row in rows}


@pytest.mark.parametrize("size", [30, 900], ids=["published singly", "published as a batch"])
async def test_rows_that_cannot_be_published_park_their_keys_and_nothing_else(
    start_relay: StartRelay,
    connection: asyncpg.Connection,
    jetstream: JetStreamContext,
    size: int,
) -> None:
    stream = await make_stream(jetstream, "bench.events", max_msg_size=100_000)
    faulty = unpublishable()
    good = load_messages(size, keys=20)
    before = [load_message(key, 0) for key in faulty]
    after = [load_message(key, 2) for key in faulty]
    faulty_rows = [row for row, _, _ in faulty.values()]
    await insert_messages(
        connection, [*good[: size // 2], *before, *faulty_rows, *after, *good[size // 2 :]]
    )

    await start_relay()

    for key, (row, reason, attempts) in faulty.items():
        parked = await wait_until_parked(connection, key)
        assert (parked["message_id"], parked["attempts"]) == (row.message_id, attempts)
        assert reason in parked["error"]
    await wait_for_rows(connection, len(faulty) * 2)
    check_stream(await read_stream(jetstream, stream), good + before)


async def test_a_parked_key_goes_on_where_it_stopped_once_its_entry_is_deleted(
    start_relay: StartRelay, connection: asyncpg.Connection, jetstream: JetStreamContext
) -> None:
    stream = await make_stream(jetstream, "bench.events")
    first = replace(load_message("key-1", 0), subject="late.events.Measured.0")
    later = [load_message("key-1", number) for number in range(1, 5)]
    await insert_messages(connection, [first, *later])
    await start_relay()
    await wait_until_parked(connection, "key-1")
    assert await read_stream(jetstream, stream) == []

    late_stream = await make_stream(jetstream, "late.events")
    await connection.execute("DELETE FROM outbox_parked WHERE key = 'key-1'")

    await wait_until_empty(connection)
    check_stream(await read_stream(jetstream, stream), later)
    check_stream(await read_stream(jetstream, late_stream), [first])


async def test_a_stream_that_is_made_within_two_seconds_parks_nothing(
    start_relay: StartRelay, connection: asyncpg.Connection, jetstream: JetStreamContext
) -> None:
    await insert_messages(connection, load_messages(20, keys=5))
    relay = await start_relay()
    await eventually(lambda: len(relay.shards) == 64)
    stream = await make_stream(jetstream, "bench.events")
    await wait_until_empty(connection)
    assert len(await read_stream(jetstream, stream)) == 20
    assert await connection.fetchval("SELECT count(*) FROM outbox_parked") == 0


async def test_a_full_stream_backs_up_in_the_outbox_and_drains_in_order_when_there_is_room(
    start_relay: StartRelay, connection: asyncpg.Connection, jetstream: JetStreamContext
) -> None:
    full = await make_stream(jetstream, "bench.events", max_msgs=450)
    free = await make_stream(jetstream, "free.events")
    waiting = load_messages(1500, keys=40)
    passing = load_messages(1500, keys=40, channel="free.events")
    mixed = [message for pair in zip(waiting, passing, strict=True) for message in pair]
    await insert_messages(connection, mixed)

    await start_relay()

    await wait_for_rows(connection, 1500 - 450)
    check_stream(await read_stream(jetstream, free), passing)
    assert await connection.fetchval("SELECT count(*) FROM outbox_parked") == 0

    config = (await jetstream.stream_info(full)).config
    config.max_msgs = -1
    await jetstream.update_stream(config)
    await wait_until_empty(connection)
    check_stream(await read_stream(jetstream, full), waiting)


async def test_messages_that_are_stored_already_do_not_stop_the_others_of_their_batch(
    start_relay: StartRelay, connection: asyncpg.Connection, jetstream: JetStreamContext
) -> None:
    stream = await make_stream(jetstream, "bench.events")
    messages = load_messages(1000, keys=25)
    for message in messages[:300]:
        headers = {"Nats-Msg-Id": str(message.message_id)}
        await jetstream.publish(message.subject, message.body, headers=headers)
    await insert_messages(connection, messages)

    await start_relay()

    await wait_until_empty(connection)
    check_stream(await read_stream(jetstream, stream), messages)


async def test_a_stream_without_atomic_batches_is_published_to_in_order_all_the_same(
    start_relay: StartRelay, connection: asyncpg.Connection, jetstream: JetStreamContext
) -> None:
    stream = await make_stream(jetstream, "bench.events")
    config = (await jetstream.stream_info(stream)).config
    config.allow_atomic = False
    await jetstream.update_stream(config)
    messages = load_messages(1000, keys=25)
    await insert_messages(connection, messages)

    await start_relay()

    await wait_until_empty(connection)
    check_stream(await read_stream(jetstream, stream), messages)


async def test_a_row_with_a_lower_id_that_is_committed_later_is_not_lost(
    start_relay: StartRelay,
    outbox_database: Database,
    connection: asyncpg.Connection,
    jetstream: JetStreamContext,
) -> None:
    stream = await make_stream(jetstream, "bench.events")
    late, early = load_messages(100, keys=100), [load_message("other", n) for n in range(100)]
    await start_relay()
    writer = await asyncpg.connect(outbox_database.url)
    async with writer.transaction():
        await insert_messages(writer, late)
        await insert_messages(connection, early)

        async def early_rows_are_stored() -> bool:
            return (await jetstream.stream_info(stream)).state.messages == 100

        stored: bool = await eventually(early_rows_are_stored)
        assert stored
    await writer.close()

    await wait_until_empty(connection)
    check_stream(await read_stream(jetstream, stream), late + early)


async def test_bodies_of_many_megabytes_in_all_are_claimed_piece_by_piece(
    start_relay: StartRelay, connection: asyncpg.Connection, jetstream: JetStreamContext
) -> None:
    stream = await make_stream(jetstream, "bench.events")
    messages = [load_message(f"key-{n % 7}", n // 7, body_bytes=500_000) for n in range(70)]
    for message in messages:
        await insert_messages(connection, [message])

    await start_relay()

    await wait_until_empty(connection)
    check_stream(await read_stream(jetstream, stream), messages)
