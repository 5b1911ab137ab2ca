"""order-service on a real, migrated database; no broker is needed for what is tested here."""

from collections.abc import Callable

import pytest
from httpx import AsyncClient

from chassis.consumers.processor import Delivery
from chassis.messaging.contracts import Reply
from chassis.messaging.envelope import ReceivedMessage
from chassis.persistence.database import Database
from chassis.sagas import SagaOrchestrator
from chassis.service import Service
from chassis.testing.answering import answer_to
from chassis.testing.outbox import outbox_messages
from devkit.service_fixtures import service_fixtures

database_url, service, service_database, client = service_fixtures("order_service")


class Wire:
    """Stands where relay, broker and participants are: shows what was sent, and answers it."""

    def __init__(self, database: Database, orchestrator: SagaOrchestrator) -> None:
        self._database = database
        self._orchestrator = orchestrator

    async def sent(self) -> list[ReceivedMessage]:
        """Everything in the outbox, in its order."""
        return await outbox_messages(self._database)

    async def types(self) -> list[str]:
        return [message.wire_type for message in await self.sent()]

    async def answer(self, reply: Reply) -> None:
        """Answer the last command."""
        command = [message for message in await self.sent() if message.reply_to][-1]
        answer = answer_to(command, reply)
        received = ReceivedMessage.read(answer.headers, answer.body)
        delivery = Delivery(received, self._orchestrator.read(received))
        async with self._database.sessions.begin() as session:
            await self._orchestrator.process(session, [delivery])


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
