"""inventory-service does what its consumers' contracts need of it."""

from uuid import UUID

import pytest
from httpx import AsyncClient

from chassis.messaging.contracts import Message
from chassis.service import Service
from chassis.testing.handling import handle_batch
from devkit.contracts.providing import Provider, States
from inventory_service.messaging.command_handlers import COMMAND_HANDLERS
from inventory_service.messaging.contracts import Quantity, ReserveStock
from inventory_service.messaging.event_handlers import EVENT_HANDLERS
from inventory_service.messaging.subscriptions import (
    ShipmentFailed,
    ShipmentScheduled,
    ShippedLine,
)

ORDER = str(UUID(int=3))
HANDLERS = (*COMMAND_HANDLERS, *EVENT_HANDLERS)


class Warehouse:
    """What the contracts' states are made of."""

    def __init__(self, client: AsyncClient, service: Service) -> None:
        self._client, self._database = client, service.database

    async def stock(self, product_id: str = "11", on_hand: int = 100) -> None:
        details = {"name": "Queso Cabrales", "on_hand": on_hand}
        assert (await self._client.put(f"/products/{product_id}", json=details)).is_success

    async def reserve(self, product_id: str, quantity: int, order_id: str) -> None:
        await self.stock(product_id)
        lines = (Quantity(product_id=product_id, quantity=quantity),)
        await self._handle(ReserveStock(order_id=UUID(order_id), lines=lines))

    async def pick_up(self, product_id: str = "11", order_id: str = ORDER) -> None:
        lines = (ShippedLine(product_id=product_id),)
        await self._handle(ShipmentScheduled(order_id=UUID(order_id), lines=lines))

    async def bring_back(self) -> None:
        lines = (ShippedLine(product_id="11"),)
        await self._handle(ShipmentFailed(order_id=UUID(ORDER), lines=lines))

    async def _handle(self, message: Message) -> None:
        await handle_batch(self._database, HANDLERS, [message])


@pytest.fixture
def warehouse(client: AsyncClient, service: Service) -> Warehouse:
    return Warehouse(client, service)


@pytest.fixture
def states(warehouse: Warehouse, provider: Provider) -> States:
    states = States()
    states.given("a product is in stock")(warehouse.stock)
    states.given("stock is reserved for the order")(warehouse.reserve)
    states.given("a product was registered")(warehouse.stock)

    @states.given("no product has this number")
    async def nothing() -> None:
        """So it is when nothing was registered."""

    @states.given("the order's goods have left")
    async def left(product_id: str, quantity: int, order_id: str) -> None:
        await warehouse.reserve(product_id, quantity, order_id)
        await warehouse.pick_up(product_id, order_id)

    @states.given("goods were issued")
    async def issued() -> None:
        await left("11", 12, ORDER)

    @states.given("goods were withheld")
    async def withheld() -> None:
        await warehouse.stock()
        await warehouse.pick_up()

    @states.given("goods were restocked")
    async def restocked() -> None:
        await issued()
        await warehouse.bring_back()

    @states.given("a snapshot of a product was taken")
    async def snapshot() -> None:
        await warehouse.stock()
        await provider.take_snapshots()

    return states


async def test_inventory_service_does_what_its_consumers_need(provider: Provider, states: States):
    await provider.verify(states)
