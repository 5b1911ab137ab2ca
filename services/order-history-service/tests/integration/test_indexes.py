"""Every query goes by an index, over a history of a realistic size."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import ClauseElement, Executable, Select, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import NullPool

from chassis.persistence.database import driver_url
from chassis.views import VIEW_SCHEMA
from devkit.embedded.postgres import PostgresServer
from order_history_service.domain.order_filter import OrderFilter
from order_history_service.domain.position import Position
from order_history_service.domain.states import OrderState
from order_history_service.queries.customers import customer_statement, tallies_statement
from order_history_service.queries.order_statements import (
    items_statement,
    order_statement,
    page_statement,
)
from order_history_service.view.tables import METADATA, orders

SCHEMA = "explained"
NEWEST = datetime(2026, 11, 24, tzinfo=UTC)

# 40,000 orders of 3,000 customers in 40,000 minutes, one in ten of the customer C7, two lines each
# of 4,000 products
FILL = """
INSERT INTO customers SELECT 'C' || n, 'Customer ' || n, 'Germany' FROM generate_series(1, 3000) n;
INSERT INTO products
SELECT 'P' || n, 'Product ' || n || ' ' || (ARRAY['red', 'green', 'blue'])[1 + n % 3]
       || CASE WHEN n % 500 = 0 THEN ' rare' ELSE '' END
FROM generate_series(1, 4000) n;
INSERT INTO orders (order_id, customer_id, state, total, placed_at, decided_at)
SELECT md5(n::text)::uuid, 'C' || CASE WHEN n % 10 = 0 THEN 7 ELSE 1 + n * 7919 % 3000 END,
       CASE WHEN n <= 200 THEN 'PENDING' WHEN n <= 1000 THEN 'APPROVED'
            WHEN n % 20 = 0 THEN 'CANCELLED' WHEN n % 21 = 0 THEN 'REJECTED' ELSE 'DELIVERED' END,
       10 + n % 90, timestamptz '2026-11-24Z' - n * interval '1 minute', now()
FROM generate_series(1, 40000) n;
INSERT INTO orders (order_id, customer_id, state)
SELECT md5('late' || n)::uuid, 'C' || n, 'APPROVED' FROM generate_series(1, 50) n;
INSERT INTO order_lines
SELECT md5(n::text)::uuid, line, 'P' || (1 + (n * 31 + line * 1009) % 4000), 3, 14
FROM generate_series(1, 40000) n, generate_series(1, 2) line;
INSERT INTO shipments SELECT order_id, 'DELIVERED', placed_at, placed_at, placed_at FROM orders
WHERE state = 'DELIVERED';
"""
# By the owner of the tables; visibility maps are what lets an index answer alone
SETTLE = "VACUUM (ANALYZE) customers, products, orders, order_lines, shipments"


class Explained(Executable, ClauseElement):
    """What PostgreSQL intends to do for a statement."""

    inherit_cache = False

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement


@compiles(Explained)
def _explained(element: Explained, compiler: Any, **options: Any) -> str:
    return f"EXPLAIN (FORMAT JSON) {compiler.process(element.statement, **options)}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The kinds of node in a plan, and the indexes that it uses."""

    nodes: list[str] = field(default_factory=list)
    indexes: set[str] = field(default_factory=set)
    scanned: set[str] = field(default_factory=set)

    def add(self, node: dict[str, Any]) -> None:
        self.nodes.append(node["Node Type"])
        if "Index Name" in node:
            self.indexes.add(node["Index Name"])
        if node["Node Type"] == "Seq Scan":
            self.scanned.add(node["Relation Name"])
        for child in node.get("Plans", ()):
            self.add(child)


@pytest.fixture(scope="module")
def filled(postgres_server: PostgresServer) -> Iterator[str]:
    database = postgres_server.create_database("history_plans")
    asyncio.run(fill(database.url))
    yield database.url
    postgres_server.drop_database("history_plans")


async def fill(url: str) -> None:
    engine = create_async_engine(driver_url(url), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
        await connection.execute(text(f"SET search_path = {SCHEMA}"))
        await connection.execution_options(schema_translate_map={VIEW_SCHEMA: SCHEMA})
        await connection.run_sync(METADATA.create_all)
        for statement in FILL.split(";\n"):
            await connection.execute(text(statement))
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text(f"SET search_path = {SCHEMA}"))
        await connection.execute(text(SETTLE))
    await engine.dispose()


@pytest.fixture
async def connection(filled: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(driver_url(filled), poolclass=NullPool)
    async with engine.connect() as connection:
        yield await connection.execution_options(schema_translate_map={VIEW_SCHEMA: SCHEMA})
    await engine.dispose()


async def plan_of(connection: AsyncConnection, statement: Select[Any]) -> Plan:
    [explained] = (await connection.execute(Explained(statement))).scalar_one()
    plan = Plan()
    plan.add(explained["Plan"])
    return plan


async def some_order(connection: AsyncConnection) -> Any:
    statement = orders.select().where(orders.c.state == "DELIVERED").limit(1).offset(20_000)
    return (await connection.execute(statement)).one()


DAY = {"placed_from": NEWEST - timedelta(days=20), "placed_before": NEWEST - timedelta(days=19)}
LISTS = {
    "everybody's": (OrderFilter(), "orders_by_placing"),
    "everybody's of a day": (OrderFilter(**DAY), "orders_by_placing"),
    "in a state": (OrderFilter(states=frozenset({OrderState.PENDING})), "orders_by_state"),
    "in some states": (
        OrderFilter(states=frozenset({OrderState.PENDING, OrderState.APPROVED})),
        "orders_by_",
    ),
    "in a state, of a day": (
        OrderFilter(states=frozenset({OrderState.CANCELLED}), **DAY),
        "orders_by_",
    ),
    "of a customer": (OrderFilter(customer_id="C7"), "orders_by_customer"),
    "of a customer and a day": (OrderFilter(customer_id="C7", **DAY), "orders_by_customer"),
    "of a customer in a state": (
        OrderFilter(customer_id="C7", states=frozenset({OrderState.DELIVERED})),
        "orders_",
    ),
    "with words of one product": (OrderFilter(search="product 4711 red"), "products_by_words"),
    "with a rare word": (OrderFilter(search="rare"), "products_by_words"),
    "with a frequent word": (OrderFilter(search="red"), "orders_by_placing"),
    "with a frequent word, of a customer": (
        OrderFilter(search="red", customer_id="C7"),
        "orders_by_customer",
    ),
    "with a phrase, of a customer": (
        OrderFilter(search='"77 blue"', customer_id="C7"),
        "products_by_words",
    ),
}


@pytest.mark.parametrize("following", [False, True], ids=["first page", "a page within"])
@pytest.mark.parametrize(("wanted", "index"), LISTS.values(), ids=LISTS)
async def test_a_list_is_read_by_an_index(
    connection: AsyncConnection, wanted: OrderFilter, index: str, *, following: bool
):
    row = await some_order(connection)
    after = Position(row.placed_at, row.order_id) if following else None

    plan = await plan_of(connection, page_statement(wanted, after, 51))

    assert plan.scanned == set()
    assert [name for name in plan.indexes if name.startswith(index)], plan.indexes


@pytest.mark.parametrize("wanted", [OrderFilter(), OrderFilter(customer_id="C7")])
async def test_a_page_is_in_order_as_the_index_has_it(
    connection: AsyncConnection, wanted: OrderFilter
):
    """Nothing is sorted but the page itself, so that a late page costs what an early one does."""
    plan = await plan_of(connection, page_statement(wanted, None, 51))

    limit = plan.nodes.index("Limit")
    assert "Index Scan" in plan.nodes[limit + 1]


async def test_an_order_and_its_items_are_read_by_their_keys(connection: AsyncConnection):
    row = await some_order(connection)

    order = await plan_of(connection, order_statement(row.order_id))
    items = await plan_of(connection, items_statement([row.order_id]))

    assert order.scanned == items.scanned == set()
    assert {"orders_pkey", "shipments_pkey", "customers_pkey"} <= order.indexes
    assert {"order_lines_pkey", "products_pkey"} <= items.indexes


async def test_the_items_of_a_page_are_read_by_their_keys(connection: AsyncConnection):
    statement = orders.select().where(orders.c.placed_at.is_not(None)).limit(50)
    ids = [row.order_id for row in await connection.execute(statement)]

    plan = await plan_of(connection, items_statement(ids))

    assert plan.scanned == set()


async def test_a_summary_is_counted_in_its_index_alone(connection: AsyncConnection):
    tallies = await plan_of(connection, tallies_statement("C7"))
    customer = await plan_of(connection, customer_statement("C7"))

    assert tallies.scanned == customer.scanned == set()
    assert "Index Only Scan" in tallies.nodes
    assert tallies.indexes == {"orders_for_summary"}
