"""What shipping-service needs of inventory-service."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from httpx import AsyncClient

from chassis.persistence.database import Database
from chassis.service import Service
from chassis.testing.delivery import deliver
from chassis.testing.handling import handle_batch
from devkit.contracts.consuming import given
from devkit.contracts.needs import a_uuid
from devkit.contracts.wire import WireMessage
from shipping_service.carrier.simulated import SimulatedCarrier
from shipping_service.messaging.event_handlers import EventHandlers
from shipping_service.messaging.subscriptions import (
    GoodsIssued,
    GoodsWithheld,
    OrderApproved,
    OrderedLine,
)

ORDER = UUID(int=3)


@pytest.fixture(autouse=True)
async def a_scheduled_shipment(service_database: Database, carrier: SimulatedCarrier) -> None:
    lines = (OrderedLine(product_id="11", quantity=12),)
    approved = OrderApproved(order_id=ORDER, customer_id="ALFKI", lines=lines)
    await handle_batch(service_database, EventHandlers(carrier).table, [approved])
    await carrier.do_what_is_due()


@pytest.fixture
def hear(service: Service, client: AsyncClient) -> Callable[[WireMessage], Awaitable[dict]]:
    """Hears an event, and shows the shipment then."""

    async def hear(said: WireMessage) -> dict:
        await deliver(service, said.subject, said.headers, said.body)
        return (await client.get(f"/shipments/{ORDER}")).json()

    return hear


@pytest.mark.parametrize(
    ("state", "event", "becomes"),
    [
        ("goods were issued", GoodsIssued, "DISPATCHED"),
        ("goods were withheld", GoodsWithheld, "WITHHELD"),
    ],
)
async def test_the_warehouse_decides_whether_goods_go(hear, needs, state, event, becomes):
    with needs("shipping-service", "inventory-service").says(
        state, event, given=given(state), body={"order_id": a_uuid(ORDER)}
    ) as said:
        assert (await hear(said))["state"] == becomes
