"""What becomes of approved orders, by the warehouse and the carrier, on a real database."""

import asyncio
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from chassis.messaging.contracts import Event
from chassis.outbox.cause import Cause, caused_by
from chassis.persistence.database import Database
from chassis.persistence.loading import preload
from chassis.service import Service
from chassis.testing.outbox import outbox_messages
from chassis.testing.statements import recorded_statements
from devkit.eventually import eventually
from shipping_service.carrier.simulated import SimulatedCarrier
from shipping_service.domain.errors import ShipmentStateError
from shipping_service.messaging.event_handlers import EventHandlers
from shipping_service.messaging.subscriptions import (
    GoodsIssued,
    GoodsWithheld,
    OrderApproved,
    OrderedLine,
)

LINES = (OrderedLine(product_id="11", quantity=3),)
# By the carrier's rule; half of all orders fail
DELIVERED, FAILED = UUID(int=3), UUID(int=1)


def approved(order_id: UUID) -> OrderApproved:
    return OrderApproved(order_id=order_id, customer_id="ALFKI", lines=LINES)


def problem(response: Response, status: int) -> dict:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    return response.json()


class Desk:
    """Hears what the others say, works with the carrier, and shows what became of a shipment."""

    def __init__(self, client: AsyncClient, database: Database, carrier: SimulatedCarrier) -> None:
        self.client = client
        self.database = database
        self.carrier = carrier
        self._handlers = {one.message: one for one in EventHandlers(carrier).table}

    async def hear(self, *events: Event, conversation: str = "saga-1") -> None:
        async with self.database.sessions.begin() as session:
            needed = [(load, one) for one in events for load in self._handlers[type(one)].loads]
            await preload(session, needed)
            for one in events:
                with caused_by(session, Cause(correlation_id=conversation, causation_id=uuid4())):
                    await self._handlers[type(one)].function(one, session)

    async def state(self, order_id: UUID) -> str:
        return (await self.client.get(f"/shipments/{order_id}")).json()["state"]

    async def said(self) -> list[str]:
        messages = await outbox_messages(self.database)
        return [message.wire_type.split(".")[1] for message in messages]

    async def rows(self, table: str) -> int:
        async with self.database.sessions() as session:
            found = await session.scalar(text(f"SELECT count(*) FROM {table}"))
        return found or 0


@pytest.fixture
def desk(client: AsyncClient, service_database: Database, carrier: SimulatedCarrier) -> Desk:
    return Desk(client, service_database, carrier)


async def test_an_approved_order_is_shipped_and_delivered(desk: Desk):
    await desk.hear(approved(DELIVERED))
    assert await desk.state(DELIVERED) == "REQUESTED"
    assert await desk.said() == []

    assert await desk.carrier.do_what_is_due() == 1
    assert await desk.state(DELIVERED) == "SCHEDULED"

    await desk.hear(GoodsIssued(order_id=DELIVERED))
    assert await desk.state(DELIVERED) == "DISPATCHED"

    assert await desk.carrier.do_what_is_due() == 1
    assert await desk.state(DELIVERED) == "DELIVERED"
    assert await desk.said() == ["ShipmentScheduled", "ShipmentDispatched", "ShipmentDelivered"]
    assert await desk.rows("carrier_errands") == 0


async def test_a_shipment_may_fail(desk: Desk):
    await desk.hear(approved(FAILED))
    await desk.carrier.do_what_is_due()
    await desk.hear(GoodsIssued(order_id=FAILED))
    await desk.carrier.do_what_is_due()

    assert await desk.state(FAILED) == "FAILED"
    assert (await desk.said())[-1] == "ShipmentFailed"


async def test_goods_that_are_withheld_go_nowhere(desk: Desk):
    await desk.hear(approved(DELIVERED))
    await desk.carrier.do_what_is_due()
    await desk.hear(GoodsWithheld(order_id=DELIVERED))

    assert await desk.carrier.do_what_is_due() == 0
    assert await desk.state(DELIVERED) == "WITHHELD"
    assert (await desk.said())[-1] == "ShipmentWithheld"


async def test_a_shipment_tells_when_it_came_how_far(desk: Desk):
    await desk.hear(approved(DELIVERED))
    await desk.carrier.do_what_is_due()
    await desk.hear(GoodsIssued(order_id=DELIVERED))
    await desk.carrier.do_what_is_due()

    shipment = (await desk.client.get(f"/shipments/{DELIVERED}")).json()
    assert (shipment["order_id"], shipment["customer_id"]) == (str(DELIVERED), "ALFKI")
    assert shipment["lines"] == [{"product_id": "11", "quantity": 3}]
    times = [shipment[f"{one}_at"] for one in ("requested", "scheduled", "dispatched", "ended")]
    assert times == sorted(times)


async def test_what_the_carrier_says_later_belongs_to_the_orders_conversation(desk: Desk):
    await desk.hear(approved(DELIVERED), conversation="the order's saga")
    await desk.carrier.do_what_is_due()
    await desk.hear(GoodsIssued(order_id=DELIVERED), conversation="the order's saga")
    await desk.carrier.do_what_is_due()

    scheduled, dispatched, delivered = await outbox_messages(desk.database)
    conversations = {one.correlation_id for one in (scheduled, dispatched, delivered)}
    assert conversations == {"the order's saga"}
    assert delivered.headers["ce-causationid"] == dispatched.headers["ce-causationid"]


async def test_an_order_is_shipped_once_however_often_it_is_approved(desk: Desk):
    await desk.hear(approved(DELIVERED))
    await desk.carrier.do_what_is_due()
    await desk.hear(approved(DELIVERED))

    assert await desk.carrier.do_what_is_due() == 0
    assert await desk.state(DELIVERED) == "SCHEDULED"


async def test_goods_for_a_shipment_that_is_not_scheduled_are_an_error(desk: Desk):
    await desk.hear(approved(DELIVERED))

    with pytest.raises(ShipmentStateError):
        await desk.hear(GoodsIssued(order_id=DELIVERED))


async def test_a_rolled_back_transaction_asks_the_carrier_for_nothing(desk: Desk):
    async with desk.database.sessions() as session:
        await EventHandlers(desk.carrier).request_shipment(approved(DELIVERED), session)
        await session.rollback()

    assert await desk.rows("carrier_errands") == 0


async def test_several_carriers_share_the_errands_and_do_each_once(desk: Desk, carrier):
    orders = [UUID(int=n) for n in range(600)]
    await desk.hear(*(approved(order_id) for order_id in orders))

    done = 0
    while more := sum(await asyncio.gather(*(carrier.do_what_is_due() for _ in range(3)))):
        done += more

    assert done == len(orders)
    assert len(await desk.said()) == len(orders)


async def test_a_batch_of_errands_costs_a_handful_of_statements(desk: Desk):
    await desk.hear(*(approved(UUID(int=n)) for n in range(100)))

    with recorded_statements(desk.database) as statements:
        assert await desk.carrier.do_what_is_due() == 100

    verbs = [statement.split()[0] for statement in statements]
    assert verbs == ["WITH", "SELECT", "UPDATE", "INSERT"]


async def test_a_batch_of_approved_orders_costs_a_handful_of_statements(desk: Desk):
    with recorded_statements(desk.database) as statements:
        await desk.hear(*(approved(UUID(int=n)) for n in range(100)))

    assert [statement.split()[0] for statement in statements] == ["SELECT", "INSERT", "INSERT"]


async def test_an_errand_that_fails_is_postponed_and_holds_up_no_other(desk: Desk):
    await desk.hear(approved(DELIVERED), approved(FAILED))
    async with desk.database.sessions.begin() as session:
        withheld = "state = 'WITHHELD', scheduled_at = now(), ended_at = now()"
        await session.execute(
            text(f"UPDATE shipments SET {withheld} WHERE order_id = :id"), {"id": FAILED}
        )

    assert await desk.carrier.do_what_is_due() == 1

    assert await desk.state(DELIVERED) == "SCHEDULED"
    assert await desk.rows("carrier_errands WHERE due_at > now() + interval '20 seconds'") == 1


async def test_the_carrier_works_by_itself_and_is_woken_by_what_it_is_asked(desk: Desk):
    working = asyncio.create_task(desk.carrier.run())
    try:
        await desk.hear(approved(DELIVERED))

        async def scheduled() -> bool:
            return await desk.state(DELIVERED) == "SCHEDULED"

        await eventually(scheduled)
        await desk.hear(GoodsIssued(order_id=DELIVERED))

        async def delivered() -> bool:
            return await desk.state(DELIVERED) == "DELIVERED"

        await eventually(delivered)
    finally:
        working.cancel()


async def test_the_service_runs_its_carrier(service: Service):
    assert "carrier" in service.beside


async def test_an_order_without_a_shipment_is_a_404(client: AsyncClient):
    answer = problem(await client.get(f"/shipments/{uuid4()}"), 404)
    assert answer["type"] == "urn:longship:problem:shipment-not-found"
    problem(await client.get("/shipments/first"), 422)


async def test_shipments_are_listed_by_state_a_page_at_a_time(desk: Desk, client: AsyncClient):
    orders = [UUID(int=n) for n in range(1, 4)]
    await desk.hear(approved(orders[2]))
    await desk.carrier.do_what_is_due()
    await desk.hear(approved(orders[0]), approved(orders[1]))

    async def ids(**parameters: object) -> list[UUID]:
        page = (await client.get("/shipments", params=parameters)).json()
        return [UUID(shipment["order_id"]) for shipment in page]

    assert await ids(limit=2) == orders[:2]
    assert await ids(limit=2, after=orders[1]) == orders[2:]
    assert await ids(state="SCHEDULED") == orders[2:]
    problem(await client.get("/shipments", params={"state": "LOST"}), 422)


async def test_every_status_is_documented(client: AsyncClient):
    paths = (await client.get("/openapi.json")).json()["paths"]

    documented = {
        f"{method} {path}": sorted(operation["responses"])
        for path, operations in paths.items()
        for method, operation in operations.items()
        if path.startswith("/shipments")
    }
    assert documented == {
        "get /shipments/{order_id}": ["200", "400", "404", "422", "500", "503", "504"],
        "get /shipments": ["200", "400", "422", "500", "503", "504"],
    }


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE shipments SET state = 'LOST'",
        "UPDATE shipments SET state = 'SCHEDULED'",
        "UPDATE shipments SET scheduled_at = now()",
        "UPDATE shipments SET dispatched_at = now()",
        "UPDATE shipments SET ended_at = now()",
        "UPDATE shipments SET lines = '[]'",
        "UPDATE carrier_errands SET kind = 'HOLIDAY'",
    ],
)
async def test_the_database_refuses_what_the_domain_never_does(desk: Desk, change: str):
    await desk.hear(approved(DELIVERED))

    with pytest.raises(IntegrityError):
        async with desk.database.engine.begin() as connection:
            await connection.execute(text(change))
