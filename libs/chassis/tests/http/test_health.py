"""Liveness depends on nothing, readiness on the database; the broker is reported."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from faststream.nats import NatsBroker
from httpx import ASGITransport, AsyncClient, Response
from prometheus_client import REGISTRY, CollectorRegistry, Counter

from chassis.consumers.broker import MessageBroker
from chassis.http import create_http_app
from chassis.persistence.database import Database
from devkit.embedded.nats import NatsServer
from devkit.embedded.postgres import PostgresServer
from devkit.eventually import eventually

NOWHERE = "postgresql://nobody:nothing@127.0.0.1:1/none"


def states(response: Response) -> dict[str, tuple[str, str | None]]:
    checks = response.json()["checks"]
    return {name: (part["status"], part.get("reason")) for name, part in checks.items()}


async def test_a_service_is_ready_when_its_database_answers(client: AsyncClient):
    response = await client.get("/readyz")

    assert response.status_code == 200
    assert response.json()["status"] == "ready"
    assert states(response) == {"database": ("up", None)}


async def test_without_its_database_a_service_lives_and_is_not_ready(
    new_client: Callable[[Database], AsyncClient],
):
    client = new_client(Database(NOWHERE))

    assert (await client.get("/livez")).json() == {"status": "live"}
    response = await client.get("/readyz")
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["retry-after"] == "2"
    assert states(response) == {"database": ("down", "ConnectionRefusedError")}
    assert response.json()["detail"] == "Not ready: database"


async def test_without_its_broker_a_service_is_ready_and_says_so(service_database: Database):
    app = create_http_app("payments", service_database, broker=NatsBroker())

    async with AsyncClient(transport=ASGITransport(app), base_url="http://payments") as client:
        response = await client.get("/readyz")

    assert response.status_code == 200
    assert states(response) == {"nats": ("down", "ConnectionError"), "database": ("up", None)}


async def test_a_service_stays_ready_while_nats_is_away_and_says_since_when(
    service_database: Database, fresh_nats_server: NatsServer
):
    broker = MessageBroker(fresh_nats_server.url, service="payments", database=service_database)
    await broker.start()
    app = create_http_app("payments", service_database, broker=broker)

    async with AsyncClient(transport=ASGITransport(app), base_url="http://payments") as client:
        assert states(await client.get("/readyz"))["nats"] == ("up", None)
        assert REGISTRY.get_sample_value("nats_connected") == 1

        await asyncio.to_thread(fresh_nats_server.stop)
        await eventually(lambda: REGISTRY.get_sample_value("nats_connected") == 0)
        response = await client.get("/readyz")
        assert response.status_code == 200
        assert states(response)["nats"][0] == "down"
        assert (await client.get("/livez")).status_code == 200

        await asyncio.to_thread(fresh_nats_server.start)
        await eventually(lambda: REGISTRY.get_sample_value("nats_connected") == 1)
        assert states(await client.get("/readyz"))["nats"] == ("up", None)
    await broker.stop()


async def test_a_busy_pool_does_not_make_a_service_unready(
    client: AsyncClient, service_database: Database
):
    pool = [await service_database.engine.connect() for _ in range(10)]

    assert (await client.get("/readyz")).status_code == 200

    for connection in pool:
        await connection.close()


async def test_metrics_are_in_the_text_format(service_database: Database):
    registry = CollectorRegistry()
    Counter("things", "Things", registry=registry).inc()
    app = create_http_app("payments", service_database, registry=registry)

    async with AsyncClient(transport=ASGITransport(app), base_url="http://payments") as client:
        response = await client.get("/metrics")

    assert response.headers["content-type"].startswith("text/plain")
    assert "things_total 1.0" in response.text


async def test_readiness_says_since_when_the_database_is_away_and_since_when_it_is_back(
    fresh_postgres_server: PostgresServer, new_client: Callable[[Database], AsyncClient]
):
    own = await asyncio.to_thread(fresh_postgres_server.create_database, "payments")
    database = Database(own.url)
    client = new_client(database)

    async def probe() -> tuple[int, str, datetime]:
        response = await client.get("/readyz")
        part = response.json()["checks"]["database"]
        return response.status_code, part["status"], datetime.fromisoformat(part["since"])

    before = datetime.now(UTC)
    code, status, up_since = await probe()
    assert (code, status) == (200, "up")

    await asyncio.to_thread(fresh_postgres_server.stop)
    code, status, down_since = await probe()
    assert (code, status) == (503, "down")
    assert before <= up_since <= down_since
    assert (await probe())[2] == down_since, "it is the same outage"
    assert (await client.get("/livez")).status_code == 200

    await asyncio.to_thread(fresh_postgres_server.restart)
    code, status, back_since = await probe()
    assert (code, status) == (200, "up")
    assert back_since > down_since
    await database.close()
