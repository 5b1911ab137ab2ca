"""What order-service needs of inventory-service."""

from uuid import UUID

import pytest

from chassis.messaging import headers as h
from chassis.messaging.envelope import Outcome
from chassis.persistence.database import Database
from chassis.service import Service
from chassis.testing.delivery import deliver
from devkit.contracts.consuming import given
from devkit.contracts.needs import a_count, a_uuid, some, text
from order_service.flows import RESTOCKING
from order_service.messaging.subscriptions import GoodsIssued, GoodsRestocked
from order_service.sagas.participants import (
    ConfirmCredit,
    ReleaseCredit,
    ReleaseStock,
    ReserveStock,
)

ORDER = "0199f3a1-0000-7000-8000-00000000000a"
OF_ORDER, OF_PRODUCT = {"order_id": a_uuid(ORDER)}, {"product_id": text("11")}
RESERVE = OF_ORDER | {"lines": some({"product_id": text("11"), "quantity": a_count(12)})}
RELEASE = OF_ORDER | {"product_ids": some(text("11"))}

STOCK = given("a product is in stock", product_id="11", on_hand=100)
LITTLE = given("a product is in stock", product_id="11", on_hand=1)
NOTHING = given("no product has this number", product_id="11")
RESERVED = given("stock is reserved for the order", product_id="11", quantity=12, order_id=ORDER)
GONE = given("the order's goods have left", product_id="11", quantity=12, order_id=ORDER)


def step(saga: str, name: str) -> dict[str, str]:
    return {h.SAGA_TYPE: saga, h.SAGA_STEP: name, h.SAGA_DIRECTION: "action"}


@pytest.fixture
def inventory(needs):
    return needs("order-service", "inventory-service")


async def test_reserved_stock_lets_the_order_go_on(inventory, desk):
    with inventory.answers(
        "ReserveStock of what there is",
        ReserveStock,
        "inventory.StockReserved.v1",
        given=STOCK,
        request=RESERVE,
        body=OF_ORDER,
        saga=step("CreateOrder", "reserve_stock"),
    ) as exchange:
        await desk.place(answered=1)
        await desk.exchange(exchange, ReserveStock)

        assert await desk.sent(ConfirmCredit)


@pytest.mark.parametrize(
    "need",
    [
        ("ReserveStock of more than there is", "inventory.OutOfStock.v1", LITTLE, OF_ORDER),
        ("ReserveStock of nothing known", "inventory.ProductNotFound.v1", NOTHING, OF_PRODUCT),
    ],
)
async def test_refused_stock_gives_the_credit_back(inventory, desk, need):
    description, reply, state, body = need
    with inventory.answers(
        description,
        ReserveStock,
        reply,
        given=state,
        request=RESERVE,
        body=body,
        saga=step("CreateOrder", "reserve_stock"),
        outcome=Outcome.REFUSED,
    ) as exchange:
        await desk.place(answered=1)
        await desk.exchange(exchange, ReserveStock)

        assert await desk.sent(ReleaseCredit)


async def test_released_stock_lets_the_cancellation_go_on(inventory, desk):
    with inventory.answers(
        "ReleaseStock that is reserved",
        ReleaseStock,
        "inventory.StockReleased.v1",
        given=RESERVED,
        request=RELEASE,
        body=OF_ORDER,
        saga=step("CancelOrder", "release_stock"),
    ) as exchange:
        await desk.cancel()
        await desk.exchange(exchange, ReleaseStock)

        assert await desk.sent(ReleaseCredit)


@pytest.mark.parametrize(
    ("description", "reply", "state"),
    [
        ("ReleaseStock that is not reserved", "inventory.StockNotReserved.v1", STOCK),
        ("ReleaseStock that has left", "inventory.StockAlreadyConfirmed.v1", GONE),
    ],
)
async def test_stock_that_is_not_released_leaves_the_order_approved(
    inventory, desk, description, reply, state
):
    with inventory.answers(
        description,
        ReleaseStock,
        reply,
        given=state,
        request=RELEASE,
        body=OF_ORDER,
        saga=step("CancelOrder", "release_stock"),
        outcome=Outcome.REFUSED,
    ) as exchange:
        await desk.cancel()
        await desk.exchange(exchange, ReleaseStock)

        assert await desk.order() == ("APPROVED", None)
        assert await desk.saga() == "COMPENSATED"


async def test_restocked_goods_are_not_missed_any_more(
    needs, service: Service, service_database: Database, client
):
    async with service_database.sessions.begin() as session:
        RESTOCKING.expect(session, UUID(ORDER))

    with needs("order-service", "inventory-service").says(
        "goods that were restocked",
        GoodsRestocked,
        given=given("goods were restocked"),
        body=OF_ORDER,
    ) as event:
        await deliver(service, event.subject, event.headers, event.body)

        assert (await client.get("/flows", params={"key": ORDER})).json() == []


async def test_issued_goods_are_not_what_the_order_waits_for_any_more(needs, desk):
    await desk.place(answered=3)

    with needs("order-service", "inventory-service").says(
        "goods were issued",
        GoodsIssued,
        given=given("goods were issued"),
        body=OF_ORDER,
    ) as said:
        await desk.hear(said.about(order_id=desk.order_id))

        assert await desk.awaits() == "ShipmentDelivered or ShipmentFailed"
