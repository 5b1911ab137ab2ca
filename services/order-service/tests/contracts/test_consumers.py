"""order-service does what its consumers' contracts need of it."""

from collections.abc import Callable
from uuid import UUID

import pytest
from httpx import AsyncClient

from chassis.messaging.contracts import Refusal, Reply
from chassis.service import Service
from chassis.testing.handling import handle_batch
from devkit.contracts.providing import Provider, States
from order_service.messaging.event_handlers import EVENT_HANDLERS
from order_service.messaging.subscriptions import ShipmentDelivered, ShipmentFailed


class Success(Reply, type="any.Success.v1"):
    pass


class CustomerNotFound(Refusal, type="customer.CustomerNotFound.v1"):
    pass


@pytest.fixture
def states(place: Callable, wire, client: AsyncClient, service: Service, provider: Provider):
    states = States()

    @states.given("an order was placed")
    async def placed() -> UUID:
        return UUID((await place()).json()["order_id"])

    @states.given("an order was approved")
    async def approved() -> UUID:
        order_id = await placed()
        for _ in range(3):
            await wire.answer(Success())
        return order_id

    @states.given("an order was rejected")
    async def rejected() -> None:
        await placed()
        await wire.answer(CustomerNotFound())

    @states.given("an order was cancelled")
    async def cancelled() -> None:
        await client.post(f"/orders/{await approved()}/cancellation")
        for _ in range(2):
            await wire.answer(Success())

    @states.given("an order was delivered")
    async def delivered() -> None:
        event = ShipmentDelivered(order_id=await approved())
        await handle_batch(service.database, EVENT_HANDLERS, [event])

    @states.given("an order could not be delivered")
    async def undelivered() -> None:
        event = ShipmentFailed(order_id=await approved())
        await handle_batch(service.database, EVENT_HANDLERS, [event])

    @states.given("a snapshot of an approved order was taken")
    async def snapshot() -> None:
        await approved()
        await provider.take_snapshots()

    return states


async def test_order_service_does_what_its_consumers_need(provider: Provider, states: States):
    await provider.verify(states)
