"""Fixtures over the real NATS server and the real PostgreSQL, one of each for a test session."""

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import pytest

from devkit.embedded.nats import NatsServer
from devkit.embedded.postgres import Database, PostgresServer
from devkit.private_folder import private_folder

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.js import JetStreamContext

    from devkit.contracts.consuming import Needs

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The session's PostgreSQL. Do not stop it: that is what ``fresh_postgres_server`` is for."""
    with private_folder("devkit-") as folder, PostgresServer(folder) as server:
        yield server


@pytest.fixture(scope="session")
def nats_server() -> Iterator[NatsServer]:
    """The session's NATS server. Do not stop it: that is what ``fresh_nats_server`` is for."""
    with private_folder("devkit-") as folder, NatsServer(folder, monitoring=True) as server:
        yield server


@pytest.fixture
def fresh_postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL of the test's own, to stop, kill and restart."""
    with private_folder("devkit-") as folder, PostgresServer(folder) as server:
        yield server


@pytest.fixture
def fresh_nats_server() -> Iterator[NatsServer]:
    """A NATS server of the test's own, to stop, kill and restart."""
    with private_folder("devkit-") as folder, NatsServer(folder, monitoring=True) as server:
        yield server


@pytest.fixture
def new_database(postgres_server: PostgresServer) -> Iterator[Callable[[], Database]]:
    """Makes empty databases, each with its own role; they are dropped after the test."""
    with ExitStack() as databases:

        def create() -> Database:
            name = f"test_{next(_numbers)}"
            databases.callback(postgres_server.drop_database, name)
            return postgres_server.create_database(name)

        yield create


@pytest.fixture
def database(new_database: Callable[[], Database]) -> Database:
    """An empty database with its own role (``.url``, ``.name``), dropped after the test."""
    return new_database()


@pytest.fixture
async def nats_client(nats_server: NatsServer) -> AsyncIterator["Client"]:
    """A connection to a NATS server without streams; all streams are deleted after the test."""
    import nats  # noqa: PLC0415 -- takes longer than the rest of this file, which every pytest loads

    client = await nats.connect(nats_server.url)
    try:
        yield client
        jetstream = client.jetstream(timeout=60)
        for stream in await jetstream.streams_info():
            await jetstream.delete_stream(str(stream.config.name))
    finally:
        await client.close()


@pytest.fixture
def jetstream(nats_client: "Client") -> "JetStreamContext":
    """JetStream without streams; all streams are deleted after the test."""
    return nats_client.jetstream(timeout=60)


@pytest.fixture
def nats_url(nats_client: "Client") -> str:
    """Where a NATS server without streams listens; all streams are deleted after the test."""
    connected = nats_client.connected_url
    assert connected is not None
    return str(connected.geturl())


@pytest.fixture
def needs(request: pytest.FixtureRequest) -> Callable[[str, str], "Needs"]:
    """What a consumer needs of a provider: ``needs("shipping-service", "order-service")``."""
    from devkit.contracts import fixtures  # noqa: PLC0415 -- loads Pact, which few tests use

    return partial(fixtures.needs, request.config.rootpath)
