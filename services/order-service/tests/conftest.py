"""order-service on a real, migrated database; no broker is needed for what is tested here."""

from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text

from chassis.consumers.processor import Delivery
from chassis.messaging.contracts import Reply
from chassis.messaging.envelope import Outcome, OutgoingMessage, ReceivedMessage
from chassis.persistence.database import Database, fetch_all
from chassis.persistence.migrations import upgrade
from chassis.sagas import SagaOrchestrator
from chassis.service import Service
from devkit.embedded.postgres import PostgresServer
from order_service.app import build
from order_service.settings import Settings

NO_BROKER = "nats://127.0.0.1:1"
EMPTY = "TRUNCATE orders, idempotency_keys, saga_instances, saga_log, flow_expectations, outbox"


@pytest.fixture(scope="session")
def database_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A database at the newest revision."""
    created = postgres_server.create_database("order_service")
    upgrade("order_service", created.url)
    yield created.url
    postgres_server.drop_database("order_service")


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
async def client(service: Service) -> AsyncIterator[AsyncClient]:
    """The service's HTTP interface."""
    transport = ASGITransport(service.http)
    async with AsyncClient(transport=transport, base_url="http://order-service") as client:
        yield client


class Wire:
    """Stands where relay, broker and participants are: shows what was sent, and answers it."""

    def __init__(self, database: Database, orchestrator: SagaOrchestrator) -> None:
        self._database = database
        self._orchestrator = orchestrator

    async def sent(self) -> list[ReceivedMessage]:
        """Everything in the outbox, in its order."""
        async with self._database.sessions.begin() as session:
            rows = await fetch_all(session, "SELECT headers, body FROM outbox ORDER BY id")
        return [ReceivedMessage.read(_headers(headers), body) for headers, body in rows]

    async def types(self) -> list[str]:
        return [message.wire_type for message in await self.sent()]

    async def answer(self, reply: Reply) -> None:
        """Answer the last command."""
        command = [message for message in await self.sent() if message.reply_to][-1]
        answer = OutgoingMessage(
            message=reply,
            key=command.key,
            causation_id=command.message_id,
            saga=command.saga,
            reply_to=command.reply_to,
            outcome=Outcome.of(reply),
        )
        received = ReceivedMessage.read(dict(answer.headers("participant")), reply.to_body())
        delivery = Delivery(received, self._orchestrator.read(received))
        async with self._database.sessions.begin() as session:
            await self._orchestrator.process(session, [delivery])


def _headers(block: bytes) -> dict[str, str]:
    lines = block.decode().split("\r\n")[1:-1]
    return dict(line.split(": ", 1) for line in lines)


@pytest.fixture
def wire(service: Service) -> Wire:
    return Wire(service.database, service.http.state.collaborators[SagaOrchestrator])


@pytest.fixture
def place(client: AsyncClient) -> Callable:
    """Places an order; the same key is the same request."""

    async def place(*, key: str = "k1", **changes: object):
        order = {
            "customer_id": "ALFKI",
            "lines": [
                {"product_id": "11", "quantity": 12, "unit_price": "14.00"},
                {"product_id": "42", "quantity": 10, "unit_price": "9.80"},
            ],
        }
        headers = {"Idempotency-Key": key}
        return await client.post("/orders", json=order | changes, headers=headers)

    return place
