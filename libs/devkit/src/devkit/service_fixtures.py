"""Fixtures for a service's own tests, on a real, migrated database and without a broker.

    database_url, service, service_database, client = service_fixtures("customer_service")

Written in the service's `conftest.py`. `service` is composed as in production, on empty tables;
`client` is an `httpx.AsyncClient` of its HTTP interface.
"""

from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from typing import Any, NamedTuple

import pytest
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.persistence.migrations import metadata_of, upgrade
from chassis.service import Service
from devkit.embedded.postgres import PostgresServer

_NO_BROKER = "nats://127.0.0.1:1"


class ServiceFixtures(NamedTuple):
    """To be unpacked under these names, by which pytest knows them."""

    database_url: Any
    service: Any
    service_database: Any
    client: Any


def service_fixtures(package: str) -> ServiceFixtures:
    """The fixtures of the service with this import name."""

    @pytest.fixture(scope="session")
    def database_url(postgres_server: PostgresServer) -> Iterator[str]:
        created = postgres_server.create_database(package)
        upgrade(package, created.url)
        yield created.url
        postgres_server.drop_database(package)

    @pytest.fixture
    async def service(database_url: str) -> AsyncIterator[Service]:
        service = _composed(package, database_url)
        await empty(service.database, package)
        yield service
        await service.database.close()

    @pytest.fixture
    def service_database(service: Service) -> Database:
        return service.database

    @pytest.fixture
    async def client(service: Service) -> AsyncIterator[AsyncClient]:
        base_url = f"http://{service.topology.service}"
        async with AsyncClient(transport=ASGITransport(service.http), base_url=base_url) as client:
            yield client

    return ServiceFixtures(database_url, service, service_database, client)


async def empty(database: Database, package: str) -> None:
    """Empty every table that the service with this import name has."""
    async with database.engine.begin() as connection:
        await connection.execute(text(f"TRUNCATE {', '.join(_tables(package))}"))


def _composed(package: str, database_url: str) -> Service:
    settings = import_module(f"{package}.settings").Settings(
        database_url=database_url, nats_url=_NO_BROKER
    )
    service: Service = import_module(f"{package}.app").build(settings)
    return service


def _tables(package: str) -> list[str]:
    return [name for metadata in metadata_of(package) for name in metadata.tables]
