"""What customer-service needs of order-service."""

from decimal import Decimal
from uuid import UUID

from httpx import AsyncClient

from chassis.persistence.database import Database
from chassis.service import Service
from chassis.testing.delivery import deliver
from chassis.testing.handling import handle_batch
from customer_service.messaging.command_handlers import COMMAND_HANDLERS
from customer_service.messaging.contracts import ConfirmCredit, ReserveCredit
from customer_service.messaging.subscriptions import OrderUndelivered
from devkit.contracts.consuming import given
from devkit.contracts.needs import a_uuid, text

ORDER = UUID(int=3)


async def test_an_order_that_was_not_delivered_gives_its_credit_back(
    needs, service: Service, service_database: Database, client: AsyncClient
):
    details = {"name": "Alfreds", "country": "Germany", "credit_limit": "100.00"}
    await client.put("/customers/ALFKI", json=details)
    reserve = ReserveCredit(customer_id="ALFKI", order_id=ORDER, amount=Decimal("60.00"))
    confirm = ConfirmCredit(customer_id="ALFKI", order_id=ORDER)
    await handle_batch(service_database, COMMAND_HANDLERS, (reserve, confirm))

    with needs("customer-service", "order-service").says(
        "an order that could not be delivered",
        OrderUndelivered,
        given=given("an order could not be delivered"),
        body={"order_id": a_uuid(ORDER), "customer_id": text("ALFKI")},
    ) as event:
        await deliver(service, event.subject, event.headers, event.body)

        assert (await client.get("/customers/ALFKI")).json()["available"] == "100.00"
