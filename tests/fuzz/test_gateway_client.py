"""The gateway's calls, made to the real services, are taken and their answers understood."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial
from uuid import UUID, uuid4

import httpx
import pytest
from fuzz.history import NOW, tell_history
from fuzz.services import HISTORY, until_ready
from sqlalchemy import text

from api_gateway.calls import RefusedError, Reply, ServiceClient, ServicePolicy
from api_gateway.http.customers import CustomerDetails
from api_gateway.http.history import wanted
from api_gateway.http.orders import OrderRequest, RequestedLine
from api_gateway.http.products import ProductDetails
from api_gateway.needs import needs
from api_gateway.services import Customers, History, Inventory, Orders, Shipping
from chassis.http.deadline import Deadline
from chassis.persistence.database import Database
from devkit.embedded.nats import NatsServer
from devkit.eventually import eventually
from shipping_service.carrier.behaviour import CarrierBehaviour
from shipping_service.carrier.simulated import SimulatedCarrier
from shipping_service.domain.shipment import ShipmentLine
from shipping_service.settings import Settings as ShippingSettings
from shipping_service.use_cases import request_shipment

pytestmark = [pytest.mark.real, pytest.mark.slow]

Served = Callable[..., str]
Connect = Callable[..., Awaitable[ServiceClient]]
DatabaseUrl = Callable[[str], str]


def soon() -> Deadline:
    return Deadline.after(30)


@pytest.fixture
def client(served: Served) -> Connect:
    """The gateway's own client of a real service."""

    def connect(name: str, **settings: str) -> ServiceClient:
        url = served(name, **settings)
        if name == HISTORY:
            until_ready(lambda: httpx.get(f"{url}/readyz", timeout=60).status_code)
        return ServiceClient(name, url, ServicePolicy(connect_seconds=30, queue_seconds=30))

    return partial(asyncio.to_thread, connect)


async def sql(url: str, statement: str) -> None:
    database = Database(url)
    async with database.sessions.begin() as session:
        await session.execute(text(statement))
    await database.close()


async def refusal(asked: Awaitable[object]) -> str:
    with pytest.raises(RefusedError) as refused:
        await asked
    return str(refused.value.problem.type)


async def test_orders_are_placed_cancelled_and_shown(
    client: Connect, database_url: DatabaseUrl
) -> None:
    orders = Orders(await client("order-service"))
    line = RequestedLine(product_id="11", quantity=2, unit_price=Decimal("14.00"))
    request = OrderRequest(customer_id="ALFKI", lines=(line,))

    placed = await orders.place(request, {"Idempotency-Key": str(uuid4())}, soon())

    order_id = placed.body.order_id
    assert placed.status == 202
    assert {"Location", "X-Consistency-Token"} <= set(placed.headers)
    assert (await orders.order(order_id, soon())).total == Decimal("28.00")
    pending = await refusal(orders.cancel(order_id, soon()))
    assert pending.startswith("urn:longship:problem:")

    approve = "UPDATE orders SET state = 'APPROVED', decided_at = now()"
    await sql(database_url("order_service"), approve)
    assert (await orders.cancel(order_id, soon())).body.state == "CANCEL_PENDING"
    assert (
        await refusal(orders.order(UUID(int=9), soon())) == "urn:longship:problem:order-not-found"
    )
    await orders.client.close()


async def test_customers_are_registered_and_shown(client: Connect) -> None:
    customers = Customers(await client("customer-service"))
    details = CustomerDetails(name="Anna", country="Italy", credit_limit=Decimal("10.00"))

    registered: Reply[object] = await customers.put("ANNA", details, soon())

    assert registered.status in {200, 201}
    assert (await customers.customer("ANNA", soon())).available == Decimal("10.00")
    page = await customers.page(None, 200, soon())
    assert "ANNA" in {one.customer_id for one in page}
    assert await refusal(customers.customer("NOBODY", soon())) == (
        "urn:longship:problem:customer-not-found"
    )
    await customers.client.close()


async def test_products_and_their_stock_are_registered_and_shown(
    client: Connect,
) -> None:
    inventory = Inventory(await client("inventory-service"))
    details = ProductDetails(name="Queso", on_hand=3)

    assert (await inventory.put("Q1", details, soon())).status in {200, 201}

    assert (await inventory.product("Q1", soon())).available == 3
    assert [one.name for one in await inventory.products({"Q1"}, soon())] == ["Queso"]
    assert "Q1" in {one.product_id for one in await inventory.page(None, 200, soon())}
    assert await inventory.reservations(UUID(int=9), soon()) == ()
    await inventory.client.close()


async def test_a_shipment_is_shown(client: Connect, database_url: DatabaseUrl) -> None:
    shipping = Shipping(await client("shipping-service"))
    database = Database(database_url("shipping_service"))
    settings = ShippingSettings(database_url=database_url("shipping_service"), nats_url="nats://x")
    carrier = SimulatedCarrier(database, CarrierBehaviour.of(settings))
    order_id = uuid4()
    async with database.sessions.begin() as session:
        lines = (ShipmentLine(product_id="11", quantity=1),)
        await request_shipment(
            session, carrier, order_id=order_id, customer_id="ALFKI", lines=lines
        )
    await database.close()

    assert (await shipping.shipment(order_id, soon())).state == "REQUESTED"
    assert await refusal(shipping.shipment(uuid4(), soon())) == (
        "urn:longship:problem:shipment-not-found"
    )
    await shipping.client.close()


async def test_the_history_is_searched_and_summed_up(
    client: Connect, nats_server: NatsServer
) -> None:
    await asyncio.to_thread(tell_history, nats_server.url)
    history = History(await client(HISTORY, nats_url=nats_server.url))

    async def all_are_told() -> bool:
        return len((await history.orders(wanted(), {}, soon())).orders) == 7

    await eventually(all_are_told, within=60)
    of_state = wanted(state=["DELIVERED"], placed_from=NOW, search="queso", limit=2)
    page = await history.orders_of("ALFKI", of_state, {}, soon())
    assert len(page.orders) == 2
    assert page.next_cursor is not None
    rest = await history.orders({**of_state, "cursor": page.next_cursor}, {}, soon())
    assert len(rest.orders) == 2
    assert (await history.order(UUID(int=1), {}, soon())).changes[-1].state == "DELIVERED"
    assert (await history.summary("ALFKI", {}, soon())).orders == 7
    await history.client.close()


def test_these_are_all_calls_that_the_gateway_makes() -> None:
    """What is tried above; a new call belongs there, too."""
    assert {service: len(operations) for service, operations in needs().items()} == {
        "order-service": 3,
        "customer-service": 3,
        "inventory-service": 5,
        "shipping-service": 1,
        "order-history-service": 4,
    }
