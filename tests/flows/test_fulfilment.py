"""The fulfilment, walked with all services in one process, on real databases, without a broker.

Every message is delivered twice. The carrier comes at once, and brings what is asked of it or not.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flows.fulfilment import (
    DELIVERED,
    DUE,
    FULFILMENT,
    NOT_DELIVERED,
    WITHHELD,
    Due,
    Reaction,
    drawing,
)
from httpx import ASGITransport, AsyncClient
from prometheus_client import REGISTRY
from sqlalchemy import text

import customer_service.app
import inventory_service.app
import order_service.app
import order_service.flows
import shipping_service.app
from chassis.consumers.broker import BatchSubscriber
from chassis.consumers.handlers import HandlerProcessor
from chassis.flows import FlowMonitor
from chassis.messaging.contracts import Kind
from chassis.persistence.database import Database
from chassis.persistence.migrations import upgrade
from chassis.service import Service
from chassis.testing.loopback import Loopback
from customer_service.settings import Settings as CustomerSettings
from devkit.embedded.postgres import PostgresServer
from devkit.eventually import eventually
from inventory_service.settings import Settings as InventorySettings
from order_service.settings import Settings as OrderSettings
from shipping_service.settings import Settings as ShippingSettings

PACKAGES = ("order_service", "customer_service", "inventory_service", "shipping_service")
DRAWING = Path(__file__).parents[2] / "docs" / "architecture" / "fulfilment.md"
NO_BROKER = "nats://127.0.0.1:1"
STOCK, CREDIT, PRICE = 10, Decimal("100.00"), Decimal("14.00")

numbers = count(1)


@pytest.fixture(scope="module")
def database_urls(postgres_server: PostgresServer) -> Iterator[dict[str, str]]:
    urls = {package: postgres_server.create_database(f"flow_{package}").url for package in PACKAGES}
    for package, url in urls.items():
        upgrade(package, url)
    yield urls
    for package in PACKAGES:
        postgres_server.drop_database(f"flow_{package}")


def services_on(urls: dict[str, str], *, failure_percent: int) -> dict[str, Service]:
    def of(package: str) -> dict[str, Any]:
        return {"database_url": urls[package], "nats_url": NO_BROKER}

    carrier = {
        "carrier_pickup_seconds": 0,
        "carrier_transit_seconds": 0,
        "carrier_failure_percent": failure_percent,
    }
    return {
        "order": order_service.app.build(OrderSettings(**of("order_service"))),
        "customer": customer_service.app.build(CustomerSettings(**of("customer_service"))),
        "inventory": inventory_service.app.build(InventorySettings(**of("inventory_service"))),
        "shipping": shipping_service.app.build(
            ShippingSettings(**of("shipping_service"), **carrier)
        ),
    }


@dataclass
class Shop:
    """The services, a customer, a product, and one approved order at a time."""

    loopback: Loopback
    orders: Database
    http: dict[str, AsyncClient]
    customer_id: str
    product_id: str
    order_id: str = ""

    async def open(self) -> None:
        customer = {"name": "Alfreds", "country": "Germany", "credit_limit": str(CREDIT)}
        await self.http["customer"].put(f"/customers/{self.customer_id}", json=customer)
        product = {"name": "Queso", "on_hand": STOCK}
        await self.http["inventory"].put(f"/products/{self.product_id}", json=product)

    async def approve(self, *, holding: tuple[str, ...]) -> None:
        """Have an order approved, while these messages are held back."""
        line = {"product_id": self.product_id, "quantity": 1, "unit_price": str(PRICE)}
        answer = await self.http["order"].post(
            "/orders",
            json={"customer_id": self.customer_id, "lines": [line]},
            headers={"Idempotency-Key": self.customer_id},
        )
        self.order_id = answer.json()["order_id"]
        await self.loopback.run(holding=holding)
        assert await self.order_state() == "APPROVED"

    async def cancel(self) -> int:
        answer = await self.http["order"].post(f"/orders/{self.order_id}/cancellation")
        return answer.status_code

    async def order_state(self) -> str:
        return (await self.http["order"].get(f"/orders/{self.order_id}")).json()["state"]

    async def shipment_state(self) -> str | None:
        answer = await self.http["shipping"].get(f"/shipments/{self.order_id}")
        return answer.json().get("state")

    async def until_shipment_is(self, state: str, *, holding: tuple[str, ...] = ()) -> None:
        async def reached() -> bool:
            await self.loopback.run(holding=holding)
            return await self.shipment_state() == state

        await eventually(reached, within=60)
        await self.loopback.run(holding=holding)

    async def books(self) -> tuple[int, int, Decimal]:
        """What is on hand, what of it is reserved, and what credit is left."""
        product = (await self.http["inventory"].get(f"/products/{self.product_id}")).json()
        customer = (await self.http["customer"].get(f"/customers/{self.customer_id}")).json()
        return product["on_hand"], product["reserved"], Decimal(customer["available"])

    async def open_flows(self) -> list[str]:
        flows = await self.http["order"].get("/flows", params={"key": self.order_id})
        return [flow["flow"] for flow in flows.json()]

    async def awaits(self) -> list[tuple[str, str, str]]:
        """What the order shows that it waits for, of which flow and from whom."""
        order = (await self.http["order"].get(f"/orders/{self.order_id}")).json()
        return [(w["flow"], w["awaits"], w["awaited_from"]) for w in order["waits_for"]]

    async def let_time_pass(self) -> None:
        """As if everything that is expected had been due long ago."""
        async with self.orders.sessions.begin() as session:
            await session.execute(
                text("UPDATE flow_expectations SET due_at = due_at - interval '1 day'")
            )

    async def saga_states(self) -> list[str]:
        sagas = await self.http["order"].get(f"/orders/{self.order_id}/sagas")
        return [saga["state"] for saga in sagas.json()]

    def way(self) -> set[tuple[str, str, str]]:
        """Which event made which service publish which, of all events of the fulfilment."""
        heard = {str(message.message_id): message for message in self.loopback.heard}
        return {
            (_name(cause.wire_type), message.source, _name(message.wire_type))
            for message in heard.values()
            if (cause := heard.get(message.headers.get("ce-causationid", "")))
            and cause.reply_to is None
            and cause.outcome is None
        }

    def conversations(self) -> set[str]:
        """Those that the events of the fulfilment belong to."""
        names = {name for edge in self.way() for name in (edge[0], edge[2])}
        return {
            message.correlation_id
            for message in self.loopback.heard
            if _name(message.wire_type) in names
        }


def overdue(awaits: str) -> float | None:
    """How many fulfilments the gauge shows at this stage."""
    labels = {"flow": "fulfilment", "awaits": awaits}
    return REGISTRY.get_sample_value("flow_overdue", labels)


def _name(wire_type: str) -> str:
    return wire_type.split(".")[1]


async def _shop(urls: dict[str, str], failure_percent: int) -> AsyncIterator[Shop]:
    services = services_on(urls, failure_percent=failure_percent)
    async with AsyncExitStack() as stack:
        http = {}
        for name, service in services.items():
            stack.push_async_callback(service.database.close)
            client = AsyncClient(transport=ASGITransport(service.http), base_url=f"http://{name}")
            http[name] = await stack.enter_async_context(client)
        number = next(numbers)
        orders = services["order"].database
        shop = Shop(
            Loopback(*services.values()), orders, http, f"customer-{number}", f"product-{number}"
        )
        await shop.open()
        working = asyncio.create_task(services["shipping"].beside["carrier"]())
        yield shop
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working


@pytest.fixture
async def shop(database_urls: dict[str, str]) -> AsyncIterator[Shop]:
    """A shop whose carrier delivers everything."""
    async for shop in _shop(database_urls, 0):
        yield shop


@pytest.fixture
async def unlucky_shop(database_urls: dict[str, str]) -> AsyncIterator[Shop]:
    """A shop whose carrier delivers nothing."""
    async for shop in _shop(database_urls, 100):
        yield shop


def declared_by_the_services(urls: dict[str, str]) -> set[Reaction]:
    """What the tables of the services' event handlers say, as they are composed."""
    found = set()
    for service in services_on(urls, failure_percent=0).values():
        for subscriber in service.broker.subscribers:
            if not isinstance(subscriber, BatchSubscriber):
                continue
            if subscriber.consumer.channel.kind is not Kind.EVENTS:
                continue
            assert isinstance(subscriber.processor, HandlerProcessor)
            for handler in subscriber.processor.handlers.values():
                published = tuple(event.wire_name for event in handler.publishes)
                name = handler.message.wire_name
                found.add(Reaction(service.topology.service, name, published))
    return found


def test_the_services_react_to_what_is_declared_and_to_nothing_else(
    database_urls: dict[str, str],
) -> None:
    assert declared_by_the_services(database_urls) == set(FULFILMENT)


def test_what_is_due_when_is_what_order_service_expects() -> None:
    expected = [
        (flow.name, one.events, one.by, one.within)
        for flow in order_service.flows.FLOWS
        for one in flow.stages
    ]

    assert expected == [(due.flow, due.awaits, due.by, due.within) for due in DUE]


@pytest.mark.parametrize("due", DUE, ids=lambda due: due.awaits[0])
def test_what_is_due_is_published_by_whom_it_is_expected_from(due: Due) -> None:
    published = {
        event for service, _, events in FULFILMENT if service == due.by for event in events
    }
    heard = {event for service, event, _ in FULFILMENT if service == due.noted_by}

    assert set(due.awaits) <= published & heard


def test_every_way_keeps_to_what_is_declared_and_together_they_go_everywhere() -> None:
    edges = {(event, service, one) for service, event, published in FULFILMENT for one in published}

    assert {*DELIVERED, *NOT_DELIVERED, *WITHHELD} == edges


def test_the_drawing_in_the_documentation_is_the_flows() -> None:
    (drawn,) = re.findall(r"```mermaid\n(.*?)\n```", DRAWING.read_text(), re.DOTALL)
    assert drawn == drawing(FULFILMENT)


async def test_an_approved_order_is_delivered(shop: Shop) -> None:
    await shop.approve(holding=("OrderApproved",))
    assert await shop.open_flows() == ["fulfilment"]

    await shop.until_shipment_is("DELIVERED")

    assert await shop.order_state() == "DELIVERED"
    assert await shop.books() == (STOCK - 1, 0, CREDIT - PRICE)
    assert await shop.open_flows() == []
    assert shop.way() == set(DELIVERED)
    assert len(shop.conversations()) == 1


async def test_an_order_that_cannot_be_delivered_gives_everything_back(unlucky_shop: Shop) -> None:
    await unlucky_shop.approve(holding=("OrderApproved",))

    await unlucky_shop.until_shipment_is("FAILED")

    assert await unlucky_shop.order_state() == "UNDELIVERED"
    assert await unlucky_shop.books() == (STOCK, 0, CREDIT)
    assert await unlucky_shop.open_flows() == []
    assert unlucky_shop.way() == set(NOT_DELIVERED)
    assert len(unlucky_shop.conversations()) == 1


async def test_a_cancelled_orders_goods_are_withheld(shop: Shop) -> None:
    await shop.approve(holding=("OrderApproved",))
    assert await shop.cancel() == 202
    await shop.loopback.run(holding=("OrderApproved",))
    assert await shop.order_state() == "CANCELLED"

    await shop.until_shipment_is("WITHHELD")

    assert await shop.order_state() == "CANCELLED"
    assert await shop.books() == (STOCK, 0, CREDIT)
    assert await shop.open_flows() == []
    assert shop.way() == set(WITHHELD)


async def test_a_cancellation_between_the_carriers_coming_and_the_goods_wins(shop: Shop) -> None:
    """The shipment is scheduled, and the warehouse hears of the cancellation first."""
    await shop.approve(holding=("ShipmentScheduled",))
    await shop.until_shipment_is("SCHEDULED", holding=("ShipmentScheduled",))
    await shop.cancel()
    await shop.loopback.run(holding=("ShipmentScheduled",))

    await shop.until_shipment_is("WITHHELD")

    assert await shop.order_state() == "CANCELLED"
    assert await shop.books() == (STOCK, 0, CREDIT)


async def test_a_cancellation_after_the_goods_were_issued_is_refused_and_the_order_delivered(
    shop: Shop,
) -> None:
    await shop.approve(holding=("OrderApproved",))
    await shop.cancel()
    await shop.until_shipment_is("DELIVERED", holding=("ReleaseStock", "ShipmentDelivered"))
    assert await shop.order_state() == "CANCEL_PENDING"

    await shop.loopback.run(holding=("ShipmentDelivered",))
    assert await shop.order_state() == "APPROVED"
    await shop.loopback.run()

    assert await shop.order_state() == "DELIVERED"
    assert await shop.saga_states() == ["COMPLETED", "COMPENSATED"]
    assert await shop.books() == (STOCK - 1, 0, CREDIT - PRICE)
    assert await shop.open_flows() == []


async def test_an_order_may_be_delivered_before_its_cancellation_is_refused(shop: Shop) -> None:
    await shop.approve(holding=("OrderApproved",))
    await shop.cancel()
    await shop.until_shipment_is("DELIVERED", holding=("ReleaseStock",))
    assert await shop.order_state() == "DELIVERED"

    await shop.loopback.run()

    assert await shop.order_state() == "DELIVERED"
    assert await shop.saga_states() == ["COMPLETED", "COMPENSATED"]
    assert await shop.books() == (STOCK - 1, 0, CREDIT - PRICE)
    assert await shop.open_flows() == []


@pytest.mark.parametrize(
    "late",
    [
        ("ReleaseStock",),
        ("ReleaseStock", "ShipmentFailed"),
        ("ReleaseStock", "OrderUndelivered"),
        ("ReleaseStock", "GoodsRestocked", "CreditReturned"),
        ("StockAlreadyConfirmed",),
    ],
)
async def test_an_order_that_is_being_cancelled_and_not_delivered_gives_back_everything_once(
    unlucky_shop: Shop, late: tuple[str, ...]
) -> None:
    await unlucky_shop.approve(holding=("OrderApproved",))
    await unlucky_shop.cancel()
    await unlucky_shop.until_shipment_is("FAILED", holding=("ReleaseStock",))
    await unlucky_shop.until_shipment_is("FAILED", holding=late)
    for one in late:
        await unlucky_shop.loopback.run(holding=[other for other in late if other != one])
        late = tuple(other for other in late if other != one)
    await unlucky_shop.loopback.run()

    assert await unlucky_shop.order_state() == "UNDELIVERED"
    assert await unlucky_shop.saga_states() == ["COMPLETED", "COMPENSATED"]
    assert await unlucky_shop.books() == (STOCK, 0, CREDIT)
    assert await unlucky_shop.open_flows() == []


async def test_a_closed_order_cannot_be_cancelled(shop: Shop) -> None:
    await shop.approve(holding=("OrderApproved",))
    await shop.until_shipment_is("DELIVERED")

    assert await shop.cancel() == 409


async def test_an_order_shows_which_event_it_waits_for_and_from_whom(unlucky_shop: Shop) -> None:
    shop = unlucky_shop
    scheduled = ("fulfilment", "ShipmentScheduled", "shipping-service")
    issued = ("fulfilment", "GoodsIssued", "inventory-service")
    ended = ("fulfilment", "ShipmentDelivered or ShipmentFailed", "shipping-service")
    restocked = ("restocking", "GoodsRestocked", "inventory-service")
    returned = ("credit-return", "CreditReturned", "customer-service")

    await shop.approve(holding=("OrderApproved",))
    assert await shop.awaits() == [scheduled]
    await shop.until_shipment_is("SCHEDULED", holding=("GoodsIssued", "ShipmentScheduled"))
    assert await shop.awaits() == [scheduled]
    await shop.loopback.run(holding=("GoodsIssued",))
    assert await shop.awaits() == [issued]
    back = ("GoodsRestocked", "CreditReturned")
    await shop.until_shipment_is("FAILED", holding=("ShipmentFailed", *back))
    assert await shop.awaits() == [ended]
    await shop.loopback.run(holding=back)
    assert sorted(await shop.awaits()) == [returned, restocked]
    await shop.loopback.run(holding=("CreditReturned",))
    assert await shop.awaits() == [returned]
    await shop.loopback.run()
    assert await shop.awaits() == []


async def test_a_participant_that_is_away_makes_the_flow_overdue_at_its_stage_until_it_is_back(
    shop: Shop,
) -> None:
    monitor = FlowMonitor(shop.orders, order_service.flows.FLOWS)
    await shop.approve(holding=("OrderApproved",))
    inventory_is_away = ("GoodsIssued", "GoodsWithheld")
    await shop.until_shipment_is("SCHEDULED", holding=inventory_is_away)

    await shop.let_time_pass()
    await monitor.look()
    assert overdue("ShipmentScheduled") == 0
    assert overdue("GoodsIssued") == 1
    order = (await shop.http["order"].get(f"/orders/{shop.order_id}")).json()
    assert [(one["awaits"], one["overdue"]) for one in order["waits_for"]] == [
        ("GoodsIssued", True)
    ]

    await shop.until_shipment_is("DELIVERED")
    await monitor.look()
    assert overdue("GoodsIssued") == 0
    assert await shop.awaits() == []


async def test_a_flow_that_stops_on_the_way_stays_open(shop: Shop) -> None:
    await shop.approve(holding=("OrderApproved",))
    await shop.until_shipment_is("DELIVERED", holding=("ShipmentDelivered",))

    assert await shop.order_state() == "APPROVED"
    assert await shop.open_flows() == ["fulfilment"]
    await shop.loopback.run()
    assert await shop.open_flows() == []
