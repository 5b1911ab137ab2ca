"""customer-service does what its consumers' contracts need of it."""

from decimal import Decimal
from uuid import UUID

import pytest
from httpx import AsyncClient

from chassis.messaging.contracts import Command
from chassis.messaging.envelope import Direction, OutgoingMessage, SagaReference
from chassis.service import Service
from chassis.testing.delivery import deliver
from chassis.testing.handling import handle_batch
from customer_service.messaging.command_handlers import COMMAND_HANDLERS
from customer_service.messaging.contracts import ConfirmCredit, ReleaseCredit, ReserveCredit
from customer_service.messaging.event_handlers import EVENT_HANDLERS
from customer_service.messaging.subscriptions import OrderUndelivered
from customer_service.messaging.topology import COMMANDS
from devkit.contracts.providing import Provider, States


def undoing(command: Command, saga_id: str) -> OutgoingMessage:
    """A command that undoes a step of which nothing has been heard yet."""
    saga = SagaReference(
        saga_type="CreateOrder",
        saga_id=UUID(saga_id),
        step="reserve_credit",
        direction=Direction.COMPENSATION,
    )
    return OutgoingMessage(message=command, key=command.key, saga=saga, reply_to="order.replies")


@pytest.fixture
def states(client: AsyncClient, service: Service, provider: Provider) -> States:
    states = States()

    @states.given("a customer has credit")
    async def customer(customer_id: str, credit_limit: str) -> None:
        details = {"name": "Alfreds", "country": "Germany", "credit_limit": credit_limit}
        assert (await client.put(f"/customers/{customer_id}", json=details)).is_success

    @states.given("no customer has this number")
    async def nobody() -> None:
        """So it is when nobody was registered."""

    @states.given("credit is reserved for the order")
    async def reserved(customer_id: str, order_id: str) -> None:
        await customer(customer_id, "1000.00")
        reserve = ReserveCredit(
            customer_id=customer_id, order_id=UUID(order_id), amount=Decimal("60.00")
        )
        await handle_batch(service.database, COMMAND_HANDLERS, [reserve])

    @states.given("credit was released before it was reserved")
    async def released_before(customer_id: str, order_id: str, saga_id: str) -> None:
        await customer(customer_id, "1000.00")
        release = undoing(ReleaseCredit(customer_id=customer_id, order_id=UUID(order_id)), saga_id)
        headers, body = dict(release.headers("order-service")), release.message.to_body()
        subject = COMMANDS.subject(release.message.wire_type, customer_id)
        await deliver(service, subject, headers, body)

    @states.given("a customer was registered")
    async def registered() -> None:
        await customer("ALFKI", "1000.00")

    @states.given("a snapshot of a customer was taken")
    async def snapshot() -> None:
        await registered()
        await provider.take_snapshots()

    @states.given("credit was returned")
    async def returned() -> None:
        order_id = UUID(int=3)
        await reserved("ALFKI", str(order_id))
        confirm = ConfirmCredit(customer_id="ALFKI", order_id=order_id)
        await handle_batch(service.database, COMMAND_HANDLERS, [confirm])
        undelivered = OrderUndelivered(customer_id="ALFKI", order_id=order_id)
        await handle_batch(service.database, EVENT_HANDLERS, [undelivered])

    return states


async def test_customer_service_does_what_its_consumers_need(provider: Provider, states: States):
    await provider.verify(states)
