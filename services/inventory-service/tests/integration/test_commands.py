"""Commands to inventory-service, handled in batches on a real database."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest
from httpx import AsyncClient
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from chassis.messaging.contracts import Message, Reply
from chassis.persistence.database import Database
from chassis.testing.handling import handle_batch
from chassis.testing.statements import recorded_statements
from inventory_service.messaging.command_handlers import COMMAND_HANDLERS
from inventory_service.messaging.contracts import (
    OutOfStock,
    ProductNotFound,
    Quantity,
    ReleaseStock,
    ReserveStock,
    StockNotReserved,
    StockReleased,
    StockReserved,
)

ORDER = UUID(int=1)
OTHER_ORDER = UUID(int=2)
NO_ORDER = UUID(int=404)


def reserve(order_id: UUID, *lines: tuple[str, int]) -> ReserveStock:
    quantities = tuple(Quantity(product_id=one, quantity=quantity) for one, quantity in lines)
    return ReserveStock(order_id=order_id, lines=quantities)


def release(order_id: UUID, *product_ids: str) -> ReleaseStock:
    return ReleaseStock(order_id=order_id, product_ids=product_ids)


class Warehouse:
    """Takes commands, and shows what they made of the stock."""

    def __init__(self, client: AsyncClient, database: Database) -> None:
        self._client = client
        self._database = database

    async def stock(self, **on_hand: int) -> None:
        for product_id, number in on_hand.items():
            details = {"name": product_id, "on_hand": number}
            await self._client.put(f"/products/{product_id}", json=details)

    async def send(self, *commands: Message) -> Sequence[Reply | None]:
        return await handle_batch(self._database, COMMAND_HANDLERS, commands)

    async def figures(self, product_id: str) -> tuple[int, int, int]:
        product = (await self._client.get(f"/products/{product_id}")).json()
        return product["on_hand"], product["reserved"], product["available"]

    async def reservations(self, product_id: str) -> list[dict]:
        return (await self._client.get(f"/products/{product_id}/reservations")).json()


@pytest.fixture
async def warehouse(client: AsyncClient, service_database: Database) -> Warehouse:
    warehouse = Warehouse(client, service_database)
    await warehouse.stock(chai=10, tea=5)
    return warehouse


async def test_an_orders_stock_is_reserved(warehouse: Warehouse):
    replies = await warehouse.send(reserve(ORDER, ("chai", 4), ("tea", 5)))
    assert replies == [StockReserved(order_id=ORDER)]
    assert await warehouse.figures("chai") == (10, 4, 6)
    assert await warehouse.figures("tea") == (5, 5, 0)
    assert await warehouse.reservations("chai") == [
        {"order_id": str(ORDER), "quantity": 4, "state": "RESERVED"}
    ]


async def test_reserved_stock_is_given_back(warehouse: Warehouse):
    await warehouse.send(reserve(ORDER, ("chai", 4), ("tea", 5)))

    assert await warehouse.send(release(ORDER, "chai", "tea")) == [StockReleased(order_id=ORDER)]

    assert await warehouse.figures("chai") == (10, 0, 10)
    assert await warehouse.figures("tea") == (5, 0, 5)


async def test_the_same_product_may_stand_in_several_lines(warehouse: Warehouse):
    await warehouse.send(reserve(ORDER, ("chai", 4), ("tea", 1), ("chai", 6)))

    assert await warehouse.figures("chai") == (10, 10, 0)
    assert await warehouse.reservations("chai") == [
        {"order_id": str(ORDER), "quantity": 10, "state": "RESERVED"}
    ]


async def test_an_order_beyond_the_stock_is_refused_and_takes_nothing(warehouse: Warehouse):
    replies = await warehouse.send(
        reserve(ORDER, ("chai", 4), ("tea", 6)), reserve(OTHER_ORDER, ("chai", 6), ("chai", 5))
    )

    assert replies == [
        OutOfStock(order_id=ORDER, product_id="tea", available=5),
        OutOfStock(order_id=OTHER_ORDER, product_id="chai", available=10),
    ]
    assert await warehouse.figures("chai") == (10, 0, 10)
    assert await warehouse.reservations("chai") == []


async def test_an_order_for_a_product_that_does_not_exist_is_refused_and_takes_nothing(
    warehouse: Warehouse,
):
    replies = await warehouse.send(reserve(ORDER, ("chai", 4), ("gold", 1)))

    assert replies == [ProductNotFound(product_id="gold")]
    assert await warehouse.figures("chai") == (10, 0, 10)


async def test_releasing_for_an_order_that_does_not_exist_is_refused(warehouse: Warehouse):
    replies = await warehouse.send(release(NO_ORDER, "chai", "gold"))

    assert replies == [StockNotReserved(order_id=NO_ORDER)]


async def test_a_hundred_reservations_cost_three_statements(
    warehouse: Warehouse, service_database: Database
):
    await warehouse.stock(**{f"p{n}": 100 for n in range(20)})
    commands = [reserve(UUID(int=n), (f"p{n % 20}", 1), (f"p{n % 7}", 2)) for n in range(100)]

    with recorded_statements(service_database) as statements:
        replies = await warehouse.send(*commands)

    assert replies == [StockReserved(order_id=UUID(int=n)) for n in range(100)]
    verbs = sorted(statement.split(maxsplit=1)[0] for statement in statements)
    assert verbs == ["INSERT", "SELECT", "UPDATE"]
    assert "FOR UPDATE" in next(one for one in statements if one.startswith("SELECT"))
    assert await warehouse.figures("p19") == (100, 5, 95)


async def test_batches_that_want_the_same_products_in_another_order_do_not_deadlock(
    warehouse: Warehouse,
):
    await warehouse.stock(chai=1000, tea=1000)
    there = [reserve(UUID(int=n), ("chai", 1), ("tea", 1)) for n in range(50)]
    back = [reserve(UUID(int=n), ("tea", 1), ("chai", 1)) for n in range(50, 100)]

    batches = [warehouse.send(*part[i : i + 5]) for part in (there, back) for i in range(0, 50, 5)]
    await asyncio.gather(*batches)

    assert await warehouse.figures("chai") == (1000, 100, 900)
    assert await warehouse.figures("tea") == (1000, 100, 900)


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001])
async def test_a_quantity_that_is_none_makes_a_command_unreadable(quantity: int):
    with pytest.raises(ValidationError):
        reserve(ORDER, ("chai", quantity))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE products SET reserved = -1",
        "UPDATE products SET reserved = on_hand + 1",
        "INSERT INTO stock_reservations VALUES (gen_random_uuid(), 'chai', 0, 'RESERVED')",
        "INSERT INTO stock_reservations VALUES (gen_random_uuid(), 'chai', 1, 'LOST')",
        "INSERT INTO stock_reservations VALUES (gen_random_uuid(), 'gold', 1, 'RESERVED')",
    ],
)
async def test_the_database_refuses_what_the_domain_never_does(
    warehouse: Warehouse, service_database: Database, change: str
):
    with pytest.raises(IntegrityError):
        async with service_database.engine.begin() as connection:
            await connection.execute(text(change))
