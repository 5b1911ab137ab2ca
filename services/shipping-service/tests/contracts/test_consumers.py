"""shipping-service does what its consumers' contracts need of it."""

from uuid import UUID

import pytest

from chassis.messaging.contracts import Event
from chassis.service import Service
from chassis.testing.handling import handle_batch
from devkit.contracts.providing import Provider, States
from shipping_service.carrier.simulated import SimulatedCarrier
from shipping_service.messaging.event_handlers import EventHandlers
from shipping_service.messaging.subscriptions import (
    GoodsIssued,
    GoodsWithheld,
    OrderApproved,
    OrderedLine,
)

# By the carrier's rule; half of all orders fail
DELIVERED, FAILED = UUID(int=3), UUID(int=1)
LINES = (OrderedLine(product_id="11", quantity=12),)


@pytest.fixture
def states(service: Service, carrier: SimulatedCarrier, provider: Provider) -> States:
    states = States()

    async def hear(event: Event) -> None:
        await handle_batch(service.database, EventHandlers(carrier).table, [event])

    @states.given("a shipment was scheduled")
    async def scheduled(order_id: UUID = DELIVERED) -> None:
        await hear(OrderApproved(order_id=order_id, customer_id="ALFKI", lines=LINES))
        await carrier.do_what_is_due()

    @states.given("a shipment was withheld")
    async def withheld() -> None:
        await scheduled()
        await hear(GoodsWithheld(order_id=DELIVERED))

    @states.given("a shipment was dispatched")
    async def dispatched(order_id: UUID = DELIVERED) -> None:
        await scheduled(order_id)
        await hear(GoodsIssued(order_id=order_id))

    @states.given("a shipment was delivered")
    async def delivered() -> None:
        await dispatched()
        await carrier.do_what_is_due()

    @states.given("a shipment failed")
    async def failed() -> None:
        await dispatched(FAILED)
        await carrier.do_what_is_due()

    @states.given("a snapshot of a scheduled shipment was taken")
    async def snapshot() -> None:
        await scheduled()
        await provider.take_snapshots()

    return states


async def test_shipping_service_does_what_its_consumers_need(provider: Provider, states: States):
    await provider.verify(states)
