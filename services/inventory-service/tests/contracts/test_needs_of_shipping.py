"""What inventory-service needs of shipping-service."""

from uuid import UUID

import pytest
from httpx import AsyncClient

from chassis.persistence.database import Database
from chassis.service import Service
from chassis.testing.delivery import deliver
from chassis.testing.handling import handle_batch
from devkit.contracts.consuming import given
from devkit.contracts.needs import a_uuid, some, text
from inventory_service.messaging.command_handlers import COMMAND_HANDLERS
from inventory_service.messaging.contracts import Quantity, ReserveStock
from inventory_service.messaging.subscriptions import ShipmentFailed, ShipmentScheduled

ORDER = UUID(int=3)
BODY = {"order_id": a_uuid(ORDER), "lines": some({"product_id": text("11")})}


@pytest.fixture(autouse=True)
async def reserved_stock(client: AsyncClient, service_database: Database) -> None:
    await client.put("/products/11", json={"name": "Queso", "on_hand": 100})
    reserve = ReserveStock(order_id=ORDER, lines=(Quantity(product_id="11", quantity=12),))
    await handle_batch(service_database, COMMAND_HANDLERS, [reserve])


async def on_hand(client: AsyncClient) -> int:
    return (await client.get("/products/11")).json()["on_hand"]


async def test_goods_go_with_the_carrier_and_come_back(
    needs, service: Service, client: AsyncClient
):
    shipping = needs("inventory-service", "shipping-service")

    with shipping.says(
        "a shipment that was scheduled",
        ShipmentScheduled,
        given=given("a shipment was scheduled"),
        body=BODY,
    ) as event:
        await deliver(service, event.subject, event.headers, event.body)

        assert await on_hand(client) == 88

    with shipping.says(
        "a shipment that failed",
        ShipmentFailed,
        given=given("a shipment failed"),
        body=BODY,
    ) as event:
        another = event.next()
        await deliver(service, another.subject, another.headers, another.body)

        assert await on_hand(client) == 100
