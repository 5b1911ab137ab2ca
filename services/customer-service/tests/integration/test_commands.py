"""Commands to customer-service, handled in batches on a real database."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from chassis.messaging.contracts import Message, Reply
from chassis.persistence.database import Database
from chassis.testing.handling import handle_batch
from chassis.testing.statements import recorded_statements
from customer_service.messaging.command_handlers import COMMAND_HANDLERS
from customer_service.messaging.contracts import (
    ConfirmCredit,
    CreditConfirmed,
    CreditLimitExceeded,
    CreditNotReserved,
    CreditReleased,
    CreditReserved,
    CustomerNotFound,
    ReleaseCredit,
    ReserveCredit,
)

ORDER = UUID(int=1)
OTHER_ORDER = UUID(int=2)


def reserve(order_id: UUID, amount: str, customer_id: str = "ALFKI") -> ReserveCredit:
    return ReserveCredit(customer_id=customer_id, order_id=order_id, amount=Decimal(amount))


def confirm(order_id: UUID, customer_id: str = "ALFKI") -> ConfirmCredit:
    return ConfirmCredit(customer_id=customer_id, order_id=order_id)


def release(order_id: UUID, customer_id: str = "ALFKI") -> ReleaseCredit:
    return ReleaseCredit(customer_id=customer_id, order_id=order_id)


class Desk:
    """Sends commands, and looks at what they made of the customer."""

    def __init__(self, client: AsyncClient, database: Database) -> None:
        self._client = client
        self._database = database

    async def register(self, customer_id: str = "ALFKI", limit: str = "100.00") -> None:
        details = {"name": "Alfreds", "country": "Germany", "credit_limit": limit}
        await self._client.put(f"/customers/{customer_id}", json=details)

    async def send(self, *commands: Message) -> Sequence[Reply | None]:
        return await handle_batch(self._database, COMMAND_HANDLERS, commands)

    async def figures(self, customer_id: str = "ALFKI") -> tuple[str, str, str]:
        customer = (await self._client.get(f"/customers/{customer_id}")).json()
        return customer["reserved"], customer["confirmed"], customer["available"]

    async def reservations(self, customer_id: str = "ALFKI") -> list[dict]:
        return (await self._client.get(f"/customers/{customer_id}/reservations")).json()


@pytest.fixture
async def desk(client: AsyncClient, service_database: Database) -> Desk:
    desk = Desk(client, service_database)
    await desk.register()
    return desk


async def test_an_orders_credit_is_reserved_confirmed_and_given_back(desk: Desk):
    assert await desk.send(reserve(ORDER, "60.00")) == [CreditReserved(order_id=ORDER)]
    assert await desk.figures() == ("60.00", "0.00", "40.00")

    assert await desk.send(confirm(ORDER)) == [CreditConfirmed(order_id=ORDER)]
    assert await desk.figures() == ("0.00", "60.00", "40.00")

    assert await desk.send(release(ORDER)) == [CreditReleased(order_id=ORDER)]
    assert await desk.figures() == ("0.00", "0.00", "100.00")
    assert await desk.reservations() == [
        {"order_id": str(ORDER), "amount": "60.00", "state": "RELEASED"}
    ]


async def test_an_order_beyond_the_credit_limit_is_refused_with_what_is_left(desk: Desk):
    replies = await desk.send(reserve(ORDER, "60.00"), reserve(OTHER_ORDER, "40.01"))

    assert replies == [
        CreditReserved(order_id=ORDER),
        CreditLimitExceeded(order_id=OTHER_ORDER, available=Decimal("40.00")),
    ]
    assert [one["order_id"] for one in await desk.reservations()] == [str(ORDER)]


async def test_commands_for_a_customer_that_does_not_exist_are_refused(desk: Desk):
    replies = await desk.send(
        reserve(ORDER, "1.00", "NOBODY"), confirm(ORDER, "NOBODY"), release(ORDER, "NOBODY")
    )

    assert replies == [CustomerNotFound(customer_id="NOBODY")] * 3


async def test_confirming_or_releasing_for_an_order_that_does_not_exist_is_refused(desk: Desk):
    replies = await desk.send(confirm(ORDER), release(ORDER))

    assert replies == [CreditNotReserved(order_id=ORDER)] * 2
    assert await desk.figures() == ("0.00", "0.00", "100.00")


async def test_released_credit_cannot_be_confirmed(desk: Desk):
    await desk.send(reserve(ORDER, "60.00"), release(ORDER))

    assert await desk.send(confirm(ORDER)) == [CreditNotReserved(order_id=ORDER)]


async def test_everything_about_one_order_may_come_in_one_batch(desk: Desk):
    replies = await desk.send(reserve(ORDER, "60.00"), confirm(ORDER), release(ORDER))

    assert replies == [
        CreditReserved(order_id=ORDER),
        CreditConfirmed(order_id=ORDER),
        CreditReleased(order_id=ORDER),
    ]
    assert await desk.figures() == ("0.00", "0.00", "100.00")


async def test_a_hundred_reservations_cost_three_statements(desk: Desk, service_database: Database):
    for number in range(10):
        await desk.register(f"C{number}")
    commands = [reserve(UUID(int=n + 1), "1.00", f"C{n % 10}") for n in range(100)]

    with recorded_statements(service_database) as statements:
        replies = await desk.send(*commands)

    assert replies == [CreditReserved(order_id=UUID(int=n + 1)) for n in range(100)]
    verbs = sorted(statement.split(maxsplit=1)[0] for statement in statements)
    assert verbs == ["INSERT", "SELECT", "UPDATE"]
    assert "FOR UPDATE" in next(one for one in statements if one.startswith("SELECT"))
    assert await desk.figures("C3") == ("10.00", "0.00", "90.00")


async def test_a_hundred_confirmations_cost_four_statements(desk: Desk, service_database: Database):
    orders = [UUID(int=n + 1) for n in range(100)]
    await desk.send(*(reserve(order_id, "1.00") for order_id in orders))

    with recorded_statements(service_database) as statements:
        await desk.send(*(confirm(order_id) for order_id in orders))

    verbs = sorted(statement.split(maxsplit=1)[0] for statement in statements)
    assert verbs == ["SELECT", "SELECT", "UPDATE", "UPDATE"]
    assert await desk.figures() == ("0.00", "100.00", "0.00")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE customers SET reserved = -0.01",
        "UPDATE customers SET confirmed = -0.01",
        "UPDATE customers SET reserved = 60, confirmed = 40.01",
        "INSERT INTO credit_reservations VALUES (gen_random_uuid(), 'ALFKI', 0, 'RESERVED')",
        "INSERT INTO credit_reservations VALUES (gen_random_uuid(), 'ALFKI', 1, 'LOST')",
        "INSERT INTO credit_reservations VALUES (gen_random_uuid(), 'NOBODY', 1, 'RESERVED')",
    ],
)
async def test_the_database_refuses_what_the_domain_never_does(
    desk: Desk, service_database: Database, change: str
):
    with pytest.raises(IntegrityError):
        async with service_database.engine.begin() as connection:
            await connection.execute(text(change))
