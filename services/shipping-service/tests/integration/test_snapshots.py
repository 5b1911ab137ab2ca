"""A snapshot of a shipment says what the shipment's events have said, and no more."""

from uuid import UUID

from sqlalchemy import text

from chassis.messaging.contracts import Event
from chassis.persistence.database import Database
from chassis.testing.outbox import outbox_messages
from chassis.testing.snapshots import folded, taken_snapshots
from shipping_service import use_cases
from shipping_service.carrier.simulated import SimulatedCarrier
from shipping_service.domain.shipment import ShipmentLine
from shipping_service.messaging import contracts

STATES = {
    contracts.ShipmentScheduled: "SCHEDULED",
    contracts.ShipmentDispatched: "DISPATCHED",
    contracts.ShipmentDelivered: "DELIVERED",
    contracts.ShipmentFailed: "FAILED",
    contracts.ShipmentWithheld: "WITHHELD",
}
EVENTS = {event.wire_type: event for event in STATES}
LINES = (ShipmentLine(product_id="11", quantity=3),)


async def ship(database: Database, carrier: SimulatedCarrier, number: int, *steps: str) -> None:
    order_id = UUID(int=number)
    async with database.sessions.begin() as session:
        await use_cases.request_shipment(
            session, carrier, order_id=order_id, customer_id="ALFKI", lines=LINES
        )
    for step in steps:
        async with database.sessions.begin() as session:
            if step == "dispatch_shipment":
                await use_cases.dispatch_shipment(session, carrier, order_id)
            else:
                await getattr(use_cases, step)(session, order_id)
        async with database.sessions.begin() as session:
            await session.execute(text("DELETE FROM carrier_errands"))


async def test_a_snapshot_is_what_the_events_of_its_shipment_come_to(
    service_database: Database, carrier: SimulatedCarrier
):
    on_its_way = ("schedule_shipment", "dispatch_shipment")
    await ship(service_database, carrier, 1)
    await ship(service_database, carrier, 2, "schedule_shipment")
    await ship(service_database, carrier, 3, *on_its_way)
    await ship(service_database, carrier, 4, *on_its_way, "deliver_shipment")
    await ship(service_database, carrier, 5, *on_its_way, "fail_shipment")
    await ship(service_database, carrier, 6, "schedule_shipment", "withhold_shipment")
    said: dict[UUID, list[Event]] = {}
    for message in await outbox_messages(service_database):
        event = EVENTS[message.wire_type].from_body(message.body)
        said.setdefault(event.order_id, []).append(event)

    *snapshots, _, _, _, _ = await taken_snapshots(service_database, "shipping_service")

    nothing = {"dispatched_at": None, "ended_at": None}
    assert {one.order_id: one.model_dump(exclude={"run_id"}) for one in snapshots} == {
        order_id: nothing | folded(events) | {"state": STATES[type(events[-1])]}
        for order_id, events in said.items()
    }
    assert {one.order_id.int for one in snapshots} == {2, 3, 4, 5, 6}, "none told of the first"
