"""What becomes of an approved order, by the events of the others, on a real database."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pytest
from httpx import AsyncClient

from chassis.messaging.contracts import Event, Refusal, Reply
from chassis.persistence.database import Database
from chassis.testing.handling import handle_batch
from chassis.testing.statements import recorded_statements
from order_service.domain.errors import OrderStateError
from order_service.messaging.contracts import (
    OrderCancelled,
    OrderDelivered,
    OrderEnded,
    OrderUndelivered,
)
from order_service.messaging.event_handlers import EVENT_HANDLERS
from order_service.messaging.subscriptions import (
    CreditReturned,
    GoodsRestocked,
    ShipmentDelivered,
    ShipmentFailed,
)


class Success(Reply, type="any.Success.v1"):
    pass


class StockAlreadyConfirmed(Refusal, type="inventory.StockAlreadyConfirmed.v1"):
    pass


class Desk:
    """An approved order, and what the others say of it."""

    def __init__(self, client: AsyncClient, database: Database, wire, order_id: UUID) -> None:
        self.client = client
        self.wire = wire
        self.order_id = order_id
        self._database = database

    async def hear(self, *events: Event) -> None:
        await handle_batch(self._database, EVENT_HANDLERS, events)

    async def state(self) -> str:
        return (await self.client.get(f"/orders/{self.order_id}")).json()["state"]

    async def ended_as(self, event: type[OrderEnded]) -> None:
        """The order has ended, and said so with the time that it shows."""
        order = (await self.client.get(f"/orders/{self.order_id}")).json()
        told = (await self.wire.sent())[-1]
        assert told.wire_type == event.wire_type
        assert event.from_body(told.body).ended_at == datetime.fromisoformat(order["ended_at"])

    async def open_flows(self) -> list[str]:
        flows = (await self.client.get("/flows", params={"key": str(self.order_id)})).json()
        return sorted(flow["flow"] for flow in flows)

    async def cancel(self) -> int:
        answer = await self.client.post(f"/orders/{self.order_id}/cancellation")
        return answer.status_code

    async def cancellation(self) -> str:
        sagas = (await self.client.get(f"/orders/{self.order_id}/sagas")).json()
        return sagas[-1]["state"]


@pytest.fixture
async def desk(client: AsyncClient, place: Callable, wire, service_database: Database) -> Desk:
    order_id = UUID((await place()).json()["order_id"])
    for _ in range(3):
        await wire.answer(Success())
    return Desk(client, service_database, wire, order_id)


def delivered(desk: Desk) -> ShipmentDelivered:
    return ShipmentDelivered(order_id=desk.order_id)


def failed(desk: Desk) -> ShipmentFailed:
    return ShipmentFailed(order_id=desk.order_id)


async def test_an_approved_order_is_expected_to_be_fulfilled(desk: Desk):
    (approved,) = [one for one in await desk.wire.sent() if "OrderApproved" in one.wire_type]
    (flow,) = (await desk.client.get("/flows")).json()

    assert (flow["flow"], flow["key"]) == ("fulfilment", str(desk.order_id))
    assert (flow["awaits"], flow["awaited_from"]) == ("ShipmentScheduled", "shipping-service")
    assert flow["correlation_id"] == approved.correlation_id


async def test_the_events_of_a_saga_belong_to_its_conversation(desk: Desk):
    (saga,) = (await desk.client.get(f"/orders/{desk.order_id}/sagas")).json()
    placed, *_, approved = await desk.wire.sent()

    assert (placed.wire_type, approved.wire_type) == (
        "order.OrderPlaced.v1",
        "order.OrderApproved.v1",
    )
    assert placed.correlation_id == approved.correlation_id == saga["saga_id"]
    (last_reply,) = [step for step in saga["steps"] if step["kind"] == "reply"][-1:]
    assert approved.headers["ce-causationid"] == last_reply["message_id"]


async def test_a_delivered_shipment_closes_its_order(desk: Desk):
    await desk.hear(delivered(desk))

    assert await desk.state() == "DELIVERED"
    await desk.ended_as(OrderDelivered)
    assert await desk.open_flows() == []


async def test_an_order_that_is_not_delivered_is_expected_to_give_goods_and_credit_back(
    desk: Desk,
):
    await desk.hear(failed(desk))

    assert await desk.state() == "UNDELIVERED"
    await desk.ended_as(OrderUndelivered)
    assert await desk.open_flows() == ["credit-return", "restocking"]

    await desk.hear(GoodsRestocked(order_id=desk.order_id))
    assert await desk.open_flows() == ["credit-return"]
    await desk.hear(CreditReturned(customer_id="ALFKI", order_id=desk.order_id))
    assert await desk.open_flows() == []


async def test_the_goods_may_be_back_before_the_order_hears_of_the_failure(desk: Desk):
    await desk.hear(GoodsRestocked(order_id=desk.order_id))
    await desk.hear(failed(desk))

    assert await desk.open_flows() == ["credit-return"]


async def test_a_cancelled_order_is_not_expected_to_be_fulfilled(desk: Desk):
    await desk.cancel()
    assert await desk.open_flows() == ["fulfilment"]
    await desk.wire.answer(Success())
    await desk.wire.answer(Success())

    assert await desk.state() == "CANCELLED"
    await desk.ended_as(OrderCancelled)
    assert await desk.open_flows() == []


@pytest.mark.parametrize(("heard", "closed"), [(delivered, "DELIVERED"), (failed, "UNDELIVERED")])
async def test_goods_that_left_close_the_order_although_it_is_being_cancelled(
    desk: Desk, heard: Callable, closed: str
):
    await desk.cancel()
    await desk.hear(heard(desk))
    assert await desk.state() == closed

    await desk.wire.answer(StockAlreadyConfirmed())

    assert await desk.state() == closed
    assert await desk.cancellation() == "COMPENSATED"


@pytest.mark.parametrize(("heard", "closed"), [(delivered, "DELIVERED"), (failed, "UNDELIVERED")])
async def test_goods_that_left_close_the_order_after_its_cancellation_was_refused(
    desk: Desk, heard: Callable, closed: str
):
    await desk.cancel()
    await desk.wire.answer(StockAlreadyConfirmed())
    assert await desk.state() == "APPROVED"

    await desk.hear(heard(desk))

    assert await desk.state() == closed


@pytest.mark.parametrize("heard", [delivered, failed])
async def test_a_closed_order_cannot_be_cancelled(desk: Desk, heard: Callable):
    await desk.hear(heard(desk))

    assert await desk.cancel() == 409


async def test_a_cancelled_order_is_not_delivered(desk: Desk):
    await desk.cancel()
    await desk.wire.answer(Success())
    await desk.wire.answer(Success())

    with pytest.raises(OrderStateError):
        await desk.hear(delivered(desk))


async def test_many_orders_are_closed_by_a_handful_of_statements(
    client: AsyncClient, place: Callable, wire, service_database: Database
):
    order_ids = []
    for number in range(8):
        order_ids.append(UUID((await place(key=f"k{number}")).json()["order_id"]))
        for _ in range(3):
            await wire.answer(Success())

    with recorded_statements(service_database) as statements:
        events = [ShipmentFailed(order_id=order_id) for order_id in order_ids]
        await handle_batch(service_database, EVENT_HANDLERS, events)

    verbs = [statement.split()[0] for statement in statements]
    assert verbs == ["SELECT", "UPDATE", "INSERT", "INSERT", "WITH"]
