"""What shipping-service needs of order-service."""

from uuid import UUID

from httpx import AsyncClient

from chassis.service import Service
from chassis.testing.delivery import deliver
from devkit.contracts.consuming import given
from devkit.contracts.needs import a_count, a_uuid, some, text
from shipping_service.messaging.subscriptions import OrderApproved

ORDER = UUID(int=3)


async def test_an_approved_order_is_shipped(needs, service: Service, client: AsyncClient):
    with needs("shipping-service", "order-service").says(
        "an approved order",
        OrderApproved,
        given=given("an order was approved"),
        body={
            "order_id": a_uuid(ORDER),
            "customer_id": text("ALFKI"),
            "lines": some({"product_id": text("11"), "quantity": a_count(12)}),
        },
    ) as event:
        await deliver(service, event.subject, event.headers, event.body)

        shipment = (await client.get(f"/shipments/{ORDER}")).json()
        assert (shipment["customer_id"], shipment["state"]) == ("ALFKI", "REQUESTED")
        assert shipment["lines"] == [{"product_id": "11", "quantity": 12}]
