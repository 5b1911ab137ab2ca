"""shipping-service on a real, migrated database; no broker is needed for what is tested here."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.persistence.migrations import upgrade
from chassis.service import Service
from devkit.embedded.postgres import PostgresServer
from shipping_service.app import build
from shipping_service.carrier.behaviour import CarrierBehaviour
from shipping_service.carrier.simulated import SimulatedCarrier
from shipping_service.settings import Settings

NO_BROKER = "nats://127.0.0.1:1"
EMPTY = "TRUNCATE shipments, carrier_errands, outbox"
AT_ONCE = CarrierBehaviour(pickup=timedelta(), transit=timedelta(), failure_percent=50)


@pytest.fixture(scope="session")
def database_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A database at the newest revision."""
    created = postgres_server.create_database("shipping_service")
    upgrade("shipping_service", created.url)
    yield created.url
    postgres_server.drop_database("shipping_service")


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    """The service as it is composed, on an empty database."""
    service = build(Settings(database_url=database_url, nats_url=NO_BROKER))
    async with service.database.engine.begin() as connection:
        await connection.execute(text(EMPTY))
    yield service
    await service.database.close()


@pytest.fixture
def service_database(service: Service) -> Database:
    return service.database


@pytest.fixture
def carrier(service_database: Database) -> SimulatedCarrier:
    """A carrier that comes at once, and loses every second shipment."""
    return SimulatedCarrier(service_database, AT_ONCE)


@pytest.fixture
async def client(service: Service) -> AsyncIterator[AsyncClient]:
    """The service's HTTP interface."""
    transport = ASGITransport(service.http)
    async with AsyncClient(transport=transport, base_url="http://shipping-service") as client:
        yield client
