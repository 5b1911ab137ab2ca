"""The history against the services that it is about: after a run of everything, they agree."""

import asyncio
import os
import sysconfig
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import nats
import pytest
import pytest_asyncio
from nats.aio.msg import Msg
from sqlalchemy import Table

from chassis.messaging.catalogue import messages_of
from chassis.messaging.contracts import Event
from chassis.persistence.database import Database
from chassis.testing.views import shown
from chassis.views import reading
from devkit.books import Books, read_books
from devkit.carrier import Carrier
from devkit.clients import Clients, clients_of
from devkit.concurrency import task_group
from devkit.deployables import ORDER_HISTORY_SERVICE
from devkit.eventually import eventually
from devkit.history import HistoryClient, HistoryOrder
from devkit.mix import mixed_orders
from devkit.models import Order, OrderState
from devkit.pace import all_ended
from devkit.placing import cancel_if_approved, load, place
from devkit.platform import Platform, running_platform
from devkit.run_folder import RunFolder
from devkit.scenario import PlannedOrder, Scenario
from order_history_service.view import ORDER_HISTORY

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

SCENARIO = mixed_orders(40, seed=6).scenario
CARRIER = Carrier(pickup_seconds=1, transit_seconds=0.2, failure_percent=30)
ENDS = {OrderState.DELIVERED, OrderState.UNDELIVERED, OrderState.CANCELLED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What the services say at the end of a run, and the history beside it."""

    platform: Platform
    books: Books
    history: HistoryClient
    shown: Mapping[UUID, HistoryOrder]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def run(folder: RunFolder) -> AsyncIterator[Run]:
    async with (
        running_platform(folder, print, carrier=CARRIER) as platform,
        clients_of(platform.addresses) as clients,
    ):
        await carry_out(SCENARIO, clients)
        assert clients.history is not None
        books = await read_books(clients)
        shown = await settled(clients.history, books)
        yield Run(platform=platform, books=books, history=clients.history, shown=shown)


async def carry_out(scenario: Scenario, clients: Clients) -> None:
    await load(scenario, clients)
    async with task_group() as beside:

        def then(planned: PlannedOrder, order_id: UUID) -> None:
            if planned.cancelled:
                beside.create_task(cancel_if_approved(order_id, clients))

        await place(scenario.orders, clients, rate=None, at_once=8, then=then)
    assert await all_ended(clients, within=120, observe=lambda _: None)


async def settled(history: HistoryClient, books: Books) -> Mapping[UUID, HistoryOrder]:
    """The history of all orders, once it has heard of the last end and the last shipment."""
    ends = {(order.order_id, order.state) for order in books.orders}
    shipments = {(shipment.order_id, shipment.state) for shipment in books.shipments}

    async def everything() -> Mapping[UUID, HistoryOrder] | None:
        found = {order.order_id: order async for order in history.orders()}
        states = {(order.order_id, order.state) for order in found.values()}
        shipped = {(o.order_id, o.shipment.state) for o in found.values() if o.shipment is not None}
        return found if (states, shipped) == (ends, shipments) else None

    found = await eventually(everything, within=60)
    assert found is not None
    return found


async def test_every_order_is_there_as_order_service_has_it(run: Run):
    assert set(run.shown) == {order.order_id for order in run.books.orders}
    assert {order.state for order in run.books.orders} >= {*ENDS, OrderState.REJECTED}
    for order in run.books.orders:
        found = run.shown[order.order_id]
        assert found.state == order.state
        assert found.rejection_reason == order.rejection_reason
        assert (found.customer_id, found.total) == (order.customer_id, order.total)
        assert (found.placed_at, found.decided_at) == (order.placed_at, order.decided_at)
        assert items(found) == lines(order)
        assert [change.state for change in found.changes] == way_of(order)
        times = [change.at for change in found.changes]
        assert None not in times
        assert times == sorted(times)


def items(found: HistoryOrder) -> list[tuple[str, int, Decimal]]:
    return [(item.product_id, item.quantity, item.unit_price) for item in found.items]


def lines(order: Order) -> list[tuple[str, int, Decimal]]:
    return [(line.product_id, line.quantity, line.unit_price) for line in order.lines]


def way_of(order: Order) -> list[str]:
    if order.state is OrderState.REJECTED:
        return ["PENDING", "REJECTED"]
    return ["PENDING", "APPROVED", order.state]


async def test_names_are_those_that_were_registered(run: Run):
    customers = {planned.customer_id: planned.name for planned in SCENARIO.customers}
    products = {planned.product_id: planned.name for planned in SCENARIO.products}
    for order in run.shown.values():
        assert order.customer_name == customers.get(order.customer_id)
        for item in order.items:
            assert item.product_name == products.get(item.product_id)


async def test_orders_come_newest_first_and_a_customers_are_the_customers(run: Run):
    expected = sorted(run.shown.values(), key=lambda o: (o.placed_at, o.order_id), reverse=True)
    assert [order.order_id for order in run.shown.values()] == [o.order_id for o in expected]
    for customer in {order.customer_id for order in expected}:
        own = [order async for order in run.history.orders_of(customer)]
        assert own == [order for order in expected if order.customer_id == customer]


async def test_orders_are_found_by_the_name_of_a_product(run: Run):
    found = [order.order_id async for order in run.history.orders(search="product 7")]
    assert found == [
        order.order_id
        for order in run.shown.values()
        if any(item.product_name == "Product 7" for item in order.items)
    ]
    assert found


async def test_a_summary_is_what_the_services_say_of_the_customer(run: Run):
    """Credit that is in use is for goods that the customer has: nothing is open any more."""
    for account in run.books.accounts:
        customer = account.customer
        totals: defaultdict[str, list[Decimal]] = defaultdict(list)
        for order in run.books.orders:
            if order.customer_id == customer.customer_id:
                totals[order.state].append(order.total)
        if not totals:
            continue
        summary = await run.history.summary(customer.customer_id)
        assert {state: (one.orders, one.total) for state, one in summary.by_state.items()} == {
            state: (len(of_state), sum(of_state)) for state, of_state in totals.items()
        }
        assert summary.spent == sum(totals[OrderState.DELIVERED]) == customer.confirmed
        assert summary.open == customer.reserved == 0
        assert summary.cancelled == sum(totals[OrderState.CANCELLED])


async def test_a_view_from_the_services_snapshots_equals_the_one_from_events(run: Run):
    """Row by row, by the commands that an operator gives."""
    async with listening_to_snapshots(run.platform) as snapshots:
        async with task_group() as publishing:
            for context in ("order", "customer", "inventory", "shipping"):
                publishing.create_task(
                    chassis(run.platform, f"{context}-service", "snapshots", "publish")
                )

        def all_there() -> bool:
            return sum(event.wire_name.endswith("Snapshot") for event in snapshots) == len(
                [*run.books.orders, *run.books.accounts, *run.books.stocks, *run.books.shipments]
            )

        await eventually(all_there, within=60)

    assert shown(ORDER_HISTORY, *snapshots) == await rows_of_the_live_view(run.platform)


async def test_a_rebuild_on_the_running_platform_shows_the_same(run: Run):
    """From events and snapshots together, beside the view that is read meanwhile."""
    before = await rows_of_the_live_view(run.platform)

    await chassis(run.platform, ORDER_HISTORY_SERVICE, "views", "rebuild")

    assert await rows_of_the_live_view(run.platform) == before
    shown_now = {order.order_id: order async for order in run.history.orders()}
    assert shown_now == run.shown


@asynccontextmanager
async def listening_to_snapshots(platform: Platform) -> AsyncIterator[list[Event]]:
    """What is published meanwhile, as order-history-service reads it."""
    readable = {event.wire_type: event for event in messages_of("order_history_service")}
    client = await nats.connect(platform.addresses.nats, inbox_prefix=b"_INBOX_observer")
    heard: list[Event] = []

    async def note(message: Msg) -> None:
        event = readable.get((message.headers or {})["ce-type"])
        if event is not None:
            heard.append(event.from_body(message.data))

    try:
        await client.subscribe("*.events.>", cb=note)
        await client.flush()
        yield heard
    finally:
        await client.close()


async def chassis(platform: Platform, service: str, *command: str) -> None:
    """Run a command of `chassis` on a service's database."""
    program = Path(sysconfig.get_path("scripts")) / "chassis"
    process = await asyncio.create_subprocess_exec(
        *(program, *command, service.replace("-", "_")),
        env={**os.environ, "DATABASE_URL": platform.addresses.postgresql[service]},
    )
    assert await process.wait() == 0


async def rows_of_the_live_view(platform: Platform) -> dict[str, list[dict[str, Any]]]:
    database = Database(platform.addresses.postgresql[ORDER_HISTORY_SERVICE])
    try:
        async with reading(database, ORDER_HISTORY) as session:
            return {
                table.name: [
                    {**row, **dict.fromkeys(computed(table))}
                    for row in (
                        await session.execute(table.select().order_by(*table.primary_key))
                    ).mappings()
                ]
                for table in ORDER_HISTORY.tables.sorted_tables
            }
    finally:
        await database.close()


def computed(table: Table) -> list[str]:
    """Columns that PostgreSQL fills."""
    return [column.name for column in table.columns if column.computed]
