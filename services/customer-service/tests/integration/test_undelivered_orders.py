"""An order that could not be delivered gives its credit back, on a real database."""

from decimal import Decimal
from uuid import UUID

import pytest
from httpx import AsyncClient

from chassis.persistence.database import Database
from chassis.testing.handling import handle_batch
from chassis.testing.outbox import outbox_messages
from customer_service.domain.errors import CreditNotReservedError
from customer_service.messaging.command_handlers import COMMAND_HANDLERS
from customer_service.messaging.contracts import ConfirmCredit, CreditReturned, ReserveCredit
from customer_service.messaging.event_handlers import EVENT_HANDLERS
from customer_service.messaging.subscriptions import OrderUndelivered

ORDER = UUID(int=1)
UNDELIVERED = OrderUndelivered(order_id=ORDER, customer_id="ALFKI")


async def available(client: AsyncClient) -> str:
    return (await client.get("/customers/ALFKI")).json()["available"]


@pytest.fixture(autouse=True)
async def an_approved_order(client: AsyncClient, service_database: Database) -> None:
    details = {"name": "Alfreds", "country": "Germany", "credit_limit": "100.00"}
    await client.put("/customers/ALFKI", json=details)
    reserve = ReserveCredit(customer_id="ALFKI", order_id=ORDER, amount=Decimal("60.00"))
    confirm = ConfirmCredit(customer_id="ALFKI", order_id=ORDER)
    await handle_batch(service_database, COMMAND_HANDLERS, (reserve, confirm))


async def test_its_credit_is_available_again_and_that_is_told(
    client: AsyncClient, service_database: Database
):
    await handle_batch(service_database, EVENT_HANDLERS, (UNDELIVERED,))

    assert await available(client) == "100.00"
    *_, told = await outbox_messages(service_database)
    assert (told.wire_type, told.key) == ("customer.CreditReturned.v1", "ALFKI")
    assert CreditReturned.from_body(told.body) == CreditReturned(
        customer_id="ALFKI", order_id=ORDER, amount=Decimal("60.00")
    )


async def test_credit_is_returned_once_however_often_it_is_told(
    client: AsyncClient, service_database: Database
):
    await handle_batch(service_database, EVENT_HANDLERS, (UNDELIVERED, UNDELIVERED))

    assert await available(client) == "100.00"


async def test_an_order_without_credit_cannot_return_any(service_database: Database):
    stranger = OrderUndelivered(order_id=UUID(int=404), customer_id="ALFKI")

    with pytest.raises(CreditNotReservedError):
        await handle_batch(service_database, EVENT_HANDLERS, (stranger,))
