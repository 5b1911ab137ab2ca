"""A database with an outbox, a JetStream, and relays between the two."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import asyncpg
import pytest

from chassis.relay.composition import composed_relay
from chassis.relay.relay import Relay
from chassis.relay.settings import RelaySettings
from chassis.relay.spans import PublishSpans
from devkit.bench.outbox_schema import create_outbox
from devkit.bench.relay_process import RelayProcess
from devkit.embedded.postgres import Database


@pytest.fixture
async def outbox_database(database: Database) -> Database:
    """A database with the chassis's tables, and the relay's role as restricted as it is to be."""
    await create_outbox(database.url)
    return database


@pytest.fixture
async def connection(outbox_database: Database) -> AsyncIterator[asyncpg.Connection]:
    """A session of the service that owns the outbox."""
    session = await asyncpg.connect(outbox_database.url)
    try:
        yield session
    finally:
        await session.close()


@contextlib.asynccontextmanager
async def running(
    settings: RelaySettings, spans: PublishSpans | None = None
) -> AsyncIterator[Relay]:
    async with composed_relay(settings, spans) as relay:
        task = asyncio.create_task(relay.run())
        try:
            yield relay
        finally:
            relay.stop()
            await asyncio.wait_for(task, 60)


@pytest.fixture
async def start_relay(outbox_database: Database, nats_url: str) -> AsyncIterator[object]:
    """Starts relays in this process, they stop after the test."""
    async with AsyncExitStack() as stack:

        async def start(
            *, poke_port: int | None = None, spans: PublishSpans | None = None
        ) -> Relay:
            settings = RelaySettings(
                service_name="test-service",
                database_url=outbox_database.relay_url,
                nats_url=nats_url,
                poke_port=poke_port,
            )
            return await stack.enter_async_context(running(settings, spans))

        yield start


@pytest.fixture
def start_relay_process(
    outbox_database: Database, nats_url: str, tmp_path: Path
) -> Iterator[object]:
    """Starts relays as processes of their own; they are killed after the test."""
    with ExitStack() as stack:

        def start(**settings: str) -> RelayProcess:
            return stack.enter_context(
                RelayProcess(
                    database_url=outbox_database.relay_url,
                    nats_url=nats_url,
                    folder=tmp_path,
                    settings=settings,
                )
            )

        yield start
