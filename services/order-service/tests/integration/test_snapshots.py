"""A snapshot of an order says what the order's events have said, and no more."""

from collections.abc import Callable
from uuid import UUID

import pytest
from httpx import AsyncClient

from chassis.messaging.contracts import Event, Refusal, Reply
from chassis.persistence.database import Database
from chassis.testing.handling import handle_batch
from chassis.testing.snapshots import folded, taken_snapshots
from order_service.messaging import contracts
from order_service.messaging.event_handlers import EVENT_HANDLERS
from order_service.messaging.subscriptions import ShipmentDelivered, ShipmentFailed

STATES = {
    contracts.OrderPlaced: "PENDING",
    contracts.OrderApproved: "APPROVED",
    contracts.OrderRejected: "REJECTED",
    contracts.OrderDelivered: "DELIVERED",
    contracts.OrderUndelivered: "UNDELIVERED",
    contracts.OrderCancelled: "CANCELLED",
}
EVENTS = {event.wire_type: event for event in STATES}


class Success(Reply, type="any.Success.v1"):
    pass


class CustomerNotFound(Refusal, type="customer.CustomerNotFound.v1"):
    pass


APPROVED = (Success(),) * 3


class Desk:
    """Brings orders as far as they are wanted."""

    def __init__(self, client: AsyncClient, place: Callable, wire, database: Database) -> None:
        self._client, self._place, self._wire, self._database = client, place, wire, database

    async def place(self, *answers: Reply) -> UUID:
        """An order, and what is answered to its saga."""
        order_id = (await self._place(key=str(len(await self._wire.sent())))).json()["order_id"]
        for answer in answers:
            await self._wire.answer(answer)
        return UUID(order_id)

    async def cancel(self, order_id: UUID, *answers: Reply) -> None:
        await self._client.post(f"/orders/{order_id}/cancellation")
        for answer in answers:
            await self._wire.answer(answer)

    async def hear(self, event: Event) -> None:
        await handle_batch(self._database, EVENT_HANDLERS, [event])

    async def events(self) -> dict[UUID, list[Event]]:
        """What was said of each order."""
        said: dict[UUID, list[Event]] = {}
        for message in await self._wire.sent():
            if message.wire_type in EVENTS:
                event = EVENTS[message.wire_type].from_body(message.body)
                said.setdefault(event.order_id, []).append(event)
        return said


@pytest.fixture
def desk(client: AsyncClient, place: Callable, wire, service_database: Database) -> Desk:
    return Desk(client, place, wire, service_database)


async def test_a_snapshot_is_what_the_events_of_its_order_come_to(
    desk: Desk, service_database: Database
):
    await desk.place()
    await desk.place(CustomerNotFound())
    await desk.place(*APPROVED)
    await desk.hear(ShipmentDelivered(order_id=await desk.place(*APPROVED)))
    await desk.hear(ShipmentFailed(order_id=await desk.place(*APPROVED)))
    await desk.cancel(await desk.place(*APPROVED), Success(), Success())
    await desk.cancel(await desk.place(*APPROVED))  # begun, and nobody was told
    events = await desk.events()

    *snapshots, _, _, _, _ = await taken_snapshots(service_database, "order_service")

    nothing = {"rejection_reason": None, "decided_at": None, "ended_at": None}
    assert {one.order_id: one.model_dump(exclude={"run_id"}) for one in snapshots} == {
        order_id: nothing | folded(said) | {"state": STATES[type(said[-1])]}
        for order_id, said in events.items()
    }
    assert {one.state for one in snapshots} == set(STATES.values())
