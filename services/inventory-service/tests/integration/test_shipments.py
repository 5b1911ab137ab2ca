"""Shipments and cancellations come for the same goods: the warehouse is the arbiter."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest
from httpx import AsyncClient

from chassis.messaging.contracts import Event, Message, Reply
from chassis.persistence.database import Database
from chassis.testing.handling import handle_batch
from chassis.testing.outbox import outbox_messages
from inventory_service.domain.errors import GoodsNotIssuedError
from inventory_service.messaging.command_handlers import COMMAND_HANDLERS
from inventory_service.messaging.contracts import (
    GoodsIssued,
    GoodsRestocked,
    GoodsWithheld,
    Quantity,
    ReleaseStock,
    ReserveStock,
    StockAlreadyConfirmed,
    StockReleased,
)
from inventory_service.messaging.event_handlers import EVENT_HANDLERS
from inventory_service.messaging.subscriptions import (
    ShipmentFailed,
    ShipmentScheduled,
    ShippedLine,
)

ORDER = UUID(int=1)
LINES = (ShippedLine(product_id="chai"), ShippedLine(product_id="tea"))
QUANTITIES = (Quantity(product_id="chai", quantity=4), Quantity(product_id="tea", quantity=5))
OF_EVENT = {message.wire_type: message for message in (GoodsIssued, GoodsRestocked, GoodsWithheld)}


def scheduled(order_id: UUID = ORDER) -> ShipmentScheduled:
    return ShipmentScheduled(order_id=order_id, lines=LINES)


def failed(order_id: UUID = ORDER) -> ShipmentFailed:
    return ShipmentFailed(order_id=order_id, lines=LINES)


def release(order_id: UUID = ORDER) -> ReleaseStock:
    return ReleaseStock(order_id=order_id, product_ids=("chai", "tea"))


class Warehouse:
    """Hears of shipments, takes commands, and shows what became of the stock."""

    def __init__(self, client: AsyncClient, database: Database) -> None:
        self._client = client
        self._database = database

    async def stock(self, **on_hand: int) -> None:
        for product_id, number in on_hand.items():
            details = {"name": product_id, "on_hand": number}
            await self._client.put(f"/products/{product_id}", json=details)

    async def reserve(self, *order_ids: UUID) -> None:
        await self.send(*(ReserveStock(order_id=one, lines=QUANTITIES) for one in order_ids))

    async def send(self, *commands: Message) -> Sequence[Reply | None]:
        return await handle_batch(self._database, COMMAND_HANDLERS, commands)

    async def hear(self, *events: Event) -> None:
        await handle_batch(self._database, EVENT_HANDLERS, events)

    async def said(self) -> list[Event]:
        """All that was published about goods."""
        return [
            OF_EVENT[message.wire_type].from_body(message.body)
            for message in await outbox_messages(self._database)
            if message.wire_type in OF_EVENT
        ]

    async def figures(self, product_id: str) -> tuple[int, int]:
        product = (await self._client.get(f"/products/{product_id}")).json()
        return product["on_hand"], product["reserved"]

    async def states(self, product_id: str) -> list[str]:
        found = (await self._client.get(f"/products/{product_id}/reservations")).json()
        return [reservation["state"] for reservation in found]


@pytest.fixture
async def warehouse(client: AsyncClient, service_database: Database) -> Warehouse:
    warehouse = Warehouse(client, service_database)
    await warehouse.stock(chai=10, tea=5)
    await warehouse.reserve(ORDER)
    return warehouse


async def test_a_scheduled_shipment_gets_the_orders_goods(warehouse: Warehouse):
    await warehouse.hear(scheduled())

    assert await warehouse.said() == [GoodsIssued(order_id=ORDER, lines=QUANTITIES)]
    assert (await warehouse.figures("chai"), await warehouse.figures("tea")) == ((6, 0), (0, 0))
    assert await warehouse.states("chai") == ["CONFIRMED"]


async def test_the_shipment_first_and_the_cancellation_is_refused(warehouse: Warehouse):
    await warehouse.hear(scheduled())

    assert await warehouse.send(release()) == [StockAlreadyConfirmed(order_id=ORDER)]

    assert await warehouse.figures("chai") == (6, 0)
    assert await warehouse.said() == [GoodsIssued(order_id=ORDER, lines=QUANTITIES)]


async def test_the_cancellation_first_and_the_goods_are_withheld(warehouse: Warehouse):
    assert await warehouse.send(release()) == [StockReleased(order_id=ORDER)]

    await warehouse.hear(scheduled())

    assert await warehouse.said() == [GoodsWithheld(order_id=ORDER)]
    assert await warehouse.figures("chai") == (10, 0)
    assert await warehouse.states("chai") == ["RELEASED"]


async def test_at_the_same_moment_one_of_them_wins_everything(warehouse: Warehouse):
    await warehouse.stock(chai=1000, tea=1000)
    orders = [UUID(int=n) for n in range(2, 42)]
    await warehouse.reserve(*orders)

    answers = await asyncio.gather(
        *(warehouse.send(release(order_id)) for order_id in orders),
        *(warehouse.hear(scheduled(order_id)) for order_id in orders),
    )

    released = {one[0].order_id for one in answers if one and isinstance(one[0], StockReleased)}
    said = await warehouse.said()
    issued = {event.order_id for event in said if isinstance(event, GoodsIssued)}
    withheld = {event.order_id for event in said if isinstance(event, GoodsWithheld)}
    assert withheld == released
    assert issued == set(orders) - released
    assert await warehouse.figures("chai") == (1000 - 4 * len(issued), 4)


async def test_goods_that_could_not_be_delivered_are_on_hand_again(warehouse: Warehouse):
    await warehouse.hear(scheduled(), failed())

    assert (await warehouse.said())[1:] == [GoodsRestocked(order_id=ORDER, lines=QUANTITIES)]
    assert (await warehouse.figures("chai"), await warehouse.figures("tea")) == ((10, 0), (5, 0))
    assert await warehouse.states("chai") == ["RESTOCKED"]


async def test_goods_are_restocked_once_however_often_it_is_told(warehouse: Warehouse):
    await warehouse.hear(scheduled(), failed(), failed())

    assert await warehouse.figures("chai") == (10, 0)


async def test_a_cancellation_is_refused_even_when_the_goods_came_back(warehouse: Warehouse):
    """The order is closed by its shipment by then, and its saga must not give credit back again."""
    await warehouse.hear(scheduled(), failed())

    assert await warehouse.send(release()) == [StockAlreadyConfirmed(order_id=ORDER)]
    assert await warehouse.figures("chai") == (10, 0)


async def test_a_shipment_of_nothing_that_is_reserved_gets_nothing(warehouse: Warehouse):
    await warehouse.hear(scheduled(UUID(int=404)))

    assert await warehouse.said() == [GoodsWithheld(order_id=UUID(int=404))]


async def test_goods_that_never_left_do_not_come_back(warehouse: Warehouse):
    with pytest.raises(GoodsNotIssuedError):
        await warehouse.hear(failed())

    assert await warehouse.figures("chai") == (10, 4)
