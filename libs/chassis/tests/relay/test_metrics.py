"""What a relay tells of the outbox and of itself, as Prometheus reads it."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import asyncpg
import httpx
import pytest
from nats.js import JetStreamContext

from devkit.bench.outbox_load import (
    insert_messages,
    load_message,
    load_messages,
    make_stream,
    wait_until_empty,
)
from devkit.bench.relay_process import RelayProcess
from devkit.embedded.nats import NatsServer
from devkit.embedded.postgres import Database
from devkit.eventually import eventually

pytestmark = pytest.mark.real

SENT = (
    '{messaging_destination_template="bench.events",messaging_operation_name="send",'
    'messaging_system="nats"}'
)
OPERATION = (
    '{error_type="",messaging_destination_template="bench.events",'
    'messaging_operation_name="send",messaging_system="nats"}'
)


async def shown(relay: RelayProcess) -> dict[str, float]:
    """The relay's metrics; AssertionError while it does not answer yet."""
    try:
        return await relay.metrics()
    except httpx.HTTPError as error:
        raise AssertionError("the relay does not answer yet") from error


async def test_published_rows_are_counted_and_measured(
    start_relay_process: Callable[[], RelayProcess],
    connection: asyncpg.Connection,
    jetstream: JetStreamContext,
) -> None:
    await make_stream(jetstream, "bench.events")
    relay = start_relay_process()
    await eventually(lambda: _holds_all(relay))
    await insert_messages(connection, load_messages(300, keys=10))
    relay.poke()
    await wait_until_empty(connection)

    metrics = await shown(relay)
    published = '{destination="bench.events",result="stored"}'
    assert metrics[f"outbox_published_messages_total{published}"] == 300
    assert metrics[f"messaging_client_sent_messages_total{SENT}"] == 300
    assert metrics["outbox_publish_lag_seconds_count"] == 300
    assert metrics["outbox_publish_duration_seconds_count"] >= 1
    assert metrics[f"messaging_client_operation_duration_seconds_count{OPERATION}"] >= 1
    assert metrics["nats_connected"] == 1
    assert metrics["database_up"] == 1
    assert metrics["outbox_lost_pokes_total"] == 0
    assert any(name.startswith("app_build_info{") for name in metrics)


async def test_a_poke_that_was_lost_is_counted(
    start_relay_process: Callable[[], RelayProcess],
    connection: asyncpg.Connection,
    jetstream: JetStreamContext,
) -> None:
    await make_stream(jetstream, "bench.events")
    relay = start_relay_process()
    await eventually(lambda: _holds_all(relay))
    await insert_messages(connection, [load_message("a", 0)])
    relay.poke()
    await wait_until_empty(connection)
    await insert_messages(connection, [load_message("a", 1)])  # and nobody says so

    await wait_until_empty(connection, within=60)
    assert await eventually(lambda: _has_lost_a_poke(relay))


async def test_a_parked_row_is_shown_and_does_not_age_the_outbox(
    start_relay_process: Callable[[], RelayProcess],
    connection: asyncpg.Connection,
    jetstream: JetStreamContext,
) -> None:
    await make_stream(jetstream, "bench.events")
    await insert_messages(
        connection, [replace(load_message("bad", 0), subject="nowhere.events.Lost.0")]
    )
    await connection.execute("UPDATE outbox SET created_at = now() - interval '1 hour'")
    relay = start_relay_process()

    async def is_parked() -> bool:
        metrics = await shown(relay)
        return metrics["outbox_parked_messages"] == 1

    assert await eventually(is_parked, within=60, every=0.5)
    metrics = await shown(relay)
    assert metrics["outbox_pending_messages"] == 1
    assert metrics["outbox_oldest_pending_age_seconds"] == 0


async def test_while_nats_is_away_the_outbox_is_still_looked_into(
    outbox_database: Database,
    connection: asyncpg.Connection,
    fresh_nats_server: NatsServer,
    tmp_path: Path,
) -> None:
    with ExitStack() as stack:
        relay = RelayProcess(
            database_url=outbox_database.url, nats_url=fresh_nats_server.url, folder=tmp_path
        )
        stack.enter_context(relay)
        await eventually(lambda: _holds_all(relay))
        await asyncio.to_thread(fresh_nats_server.stop)
        await insert_messages(connection, [load_message("a", 0)])
        await connection.execute("UPDATE outbox SET created_at = now() - interval '1 hour'")

        async def ages() -> bool:
            metrics = await shown(relay)
            return metrics["outbox_oldest_pending_age_seconds"] >= 3600

        assert await eventually(ages, within=60, every=0.5)
        metrics = await shown(relay)
        assert metrics["nats_connected"] == 0
        assert metrics["outbox_shards_held"] == 0


async def test_a_relay_lives_while_neither_database_nor_nats_is_there(tmp_path: Path) -> None:
    nowhere = "127.0.0.1:1"
    with RelayProcess(
        database_url=f"postgresql://nobody:nothing@{nowhere}/none",
        nats_url=f"nats://{nowhere}",
        folder=tmp_path,
    ) as relay:
        await eventually(lambda: _is_without_database(relay))
        async with httpx.AsyncClient(timeout=60) as client:
            answer = await client.get(f"http://127.0.0.1:{relay.metrics_port}/livez")

    assert (answer.status_code, answer.text) == (200, "ok\n")


async def _is_without_database(relay: RelayProcess) -> bool:
    metrics = await shown(relay)
    return metrics["database_up"] == metrics["nats_connected"] == 0


async def test_scrapes_in_a_row_cost_one_statement(
    start_relay_process: Callable[[], RelayProcess], connection: asyncpg.Connection
) -> None:
    relay = start_relay_process()
    await eventually(lambda: _holds_all(relay))
    await shown(relay)
    await connection.execute(
        "INSERT INTO outbox_parked VALUES ('k', 1, gen_random_uuid(), 's', 'e', 1)"
    )

    for _ in range(5):
        assert (await shown(relay))["outbox_parked_messages"] == 0, "the survey's age is in seconds"


async def _holds_all(relay: RelayProcess) -> bool:
    return (await shown(relay))["outbox_shards_held"] == 64


async def _has_lost_a_poke(relay: RelayProcess) -> bool:
    return (await shown(relay))["outbox_lost_pokes_total"] >= 1
