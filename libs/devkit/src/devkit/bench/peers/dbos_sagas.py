"""DBOS running the Create Order saga: one workflow, each step writing to its service's database.

The set-up is the one that DBOS documents for asyncio, with its defaults: a workflow of
`@DBOS.step`s, at least once each, in processes that share a PostgreSQL system database. A step
writes by asyncpg to the database of the service whose step it is, which is faster than DBOS's
transactions (exactly once). Three processes with four workflows at a time each were its best: more
add latency and no throughput.

`python dbos_sagas.py prepare FILE` migrates the system database and fills those of the services;
`python dbos_sagas.py work FILE NUMBER` says `ready`, then reads lines of JSON (`orders`, `at_once`,
`interval`, `offset`), runs the sagas of each and answers `done`. FILE holds the databases' URLs and
what to fill them with. Runs in an environment of its own.
"""
# The package is not in the workspace, and its decorators are therefore untyped:
# mypy: disable-error-code="import-not-found, untyped-decorator"

import asyncio
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import uvloop
from dbos import DBOS, DBOSConfig, SetWorkflowID

_TABLES = {
    "order": """
        CREATE TABLE orders (
            order_id uuid PRIMARY KEY, customer_id text NOT NULL, total numeric NOT NULL,
            state text NOT NULL, rejection_reason text, placed_at timestamptz NOT NULL,
            decided_at timestamptz);
        CREATE TABLE order_lines (
            order_id uuid, product_id text, quantity int NOT NULL, unit_price numeric NOT NULL,
            PRIMARY KEY (order_id, product_id))""",
    "customer": """
        CREATE TABLE customers (
            customer_id text PRIMARY KEY, credit_limit numeric NOT NULL,
            reserved numeric NOT NULL DEFAULT 0, confirmed numeric NOT NULL DEFAULT 0);
        CREATE TABLE reservations (
            order_id uuid PRIMARY KEY, customer_id text NOT NULL, amount numeric NOT NULL,
            state text NOT NULL)""",
    "inventory": """
        CREATE TABLE products (
            product_id text PRIMARY KEY, on_hand int NOT NULL, reserved int NOT NULL DEFAULT 0);
        CREATE TABLE reservations (
            order_id uuid, product_id text, quantity int NOT NULL, state text NOT NULL,
            PRIMARY KEY (order_id, product_id))""",
}

databases: dict[str, asyncpg.Pool] = {}


@DBOS.step()
async def create_order(order: Mapping[str, Any]) -> None:
    async with databases["order"].acquire() as connection, connection.transaction():
        await connection.execute(
            "INSERT INTO orders VALUES ($1, $2, $3, 'PENDING', NULL, $4) ON CONFLICT DO NOTHING",
            UUID(order["order_id"]),
            order["customer_id"],
            _total(order),
            datetime.fromisoformat(order["placed_at"]),
        )
        await connection.executemany(
            "INSERT INTO order_lines VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            [
                (UUID(order["order_id"]), product_id, quantity, Decimal(unit_price))
                for product_id, quantity, unit_price in order["lines"]
            ],
        )


@DBOS.step()
async def reserve_credit(order: Mapping[str, Any]) -> bool:
    async with databases["customer"].acquire() as connection, connection.transaction():
        customer = await connection.fetchrow(
            "SELECT * FROM customers WHERE customer_id = $1 FOR UPDATE", order["customer_id"]
        )
        used = customer["reserved"] + customer["confirmed"]
        if used + _total(order) > customer["credit_limit"]:
            return False
        inserted = await connection.fetchval(
            "INSERT INTO reservations VALUES ($1, $2, $3, 'RESERVED') ON CONFLICT DO NOTHING"
            " RETURNING true",
            UUID(order["order_id"]),
            order["customer_id"],
            _total(order),
        )
        if inserted:
            await connection.execute(
                "UPDATE customers SET reserved = reserved + $2 WHERE customer_id = $1",
                order["customer_id"],
                _total(order),
            )
        return True


@DBOS.step()
async def reserve_stock(order: Mapping[str, Any]) -> bool:
    wanted = {product_id: quantity for product_id, quantity, _ in order["lines"]}
    async with databases["inventory"].acquire() as connection, connection.transaction():
        products = await connection.fetch(
            "SELECT * FROM products WHERE product_id = ANY($1) ORDER BY product_id FOR UPDATE",
            list(wanted),
        )
        if any(row["on_hand"] - row["reserved"] < wanted[row["product_id"]] for row in products):
            return False
        await connection.execute(
            "WITH fresh AS (INSERT INTO reservations"
            " SELECT $1, product_id, quantity, 'RESERVED' FROM unnest($2::text[], $3::int[])"
            " AS line(product_id, quantity) ON CONFLICT DO NOTHING RETURNING product_id, quantity)"
            " UPDATE products SET reserved = reserved + quantity FROM fresh"
            " WHERE products.product_id = fresh.product_id",
            UUID(order["order_id"]),
            list(wanted),
            list(wanted.values()),
        )
        return True


@DBOS.step()
async def release_credit(order: Mapping[str, Any]) -> None:
    await databases["customer"].execute(
        "WITH released AS (UPDATE reservations SET state = 'RELEASED'"
        " WHERE order_id = $1 AND state = 'RESERVED' RETURNING customer_id, amount)"
        " UPDATE customers SET reserved = reserved - amount FROM released"
        " WHERE customers.customer_id = released.customer_id",
        UUID(order["order_id"]),
    )


@DBOS.step()
async def confirm_credit(order: Mapping[str, Any]) -> None:
    await databases["customer"].execute(
        "WITH confirmed AS (UPDATE reservations SET state = 'CONFIRMED'"
        " WHERE order_id = $1 AND state = 'RESERVED' RETURNING customer_id, amount)"
        " UPDATE customers SET reserved = reserved - amount,"
        " confirmed = customers.confirmed + amount FROM confirmed"
        " WHERE customers.customer_id = confirmed.customer_id",
        UUID(order["order_id"]),
    )


@DBOS.step()
async def decide_order(order: Mapping[str, Any], state: str, reason: str | None) -> None:
    await databases["order"].execute(
        "UPDATE orders SET state = $2, rejection_reason = $3, decided_at = $4"
        " WHERE order_id = $1 AND state = 'PENDING'",
        UUID(order["order_id"]),
        state,
        reason,
        datetime.now(UTC),
    )


@DBOS.workflow()
async def create_order_saga(order: Mapping[str, Any]) -> None:
    await create_order(order)
    if not await reserve_credit(order):
        await decide_order(order, "REJECTED", "CREDIT_LIMIT_EXCEEDED")
    elif not await reserve_stock(order):
        await release_credit(order)
        await decide_order(order, "REJECTED", "OUT_OF_STOCK")
    else:
        await confirm_credit(order)
        await decide_order(order, "APPROVED", None)


def _total(order: Mapping[str, Any]) -> Decimal:
    return sum((quantity * Decimal(price) for _, quantity, price in order["lines"]), Decimal(0))


async def place(order: Mapping[str, Any]) -> None:
    with SetWorkflowID(order["order_id"]):
        await create_order_saga({**order, "placed_at": datetime.now(UTC).isoformat()})


async def run_sagas(
    orders: list[Mapping[str, Any]],
    at_once: int | None,
    interval: float | None,
    offset: float,
) -> None:
    """All orders, `at_once` at a time; or each at its own moment, whatever is still running."""
    if interval is not None:
        async with asyncio.TaskGroup() as group:
            for number, order in enumerate(orders):
                group.create_task(_later(offset + number * interval, order))
        return
    rest = iter(orders)

    async def one_by_one() -> None:
        for order in rest:
            await place(order)

    await asyncio.gather(*(one_by_one() for _ in range(at_once or 1)))


async def _later(seconds: float, order: Mapping[str, Any]) -> None:
    await asyncio.sleep(seconds)
    await place(order)


def launch(given: Mapping[str, Any], executor: str) -> None:
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": given["urls"]["system"],
        "executor_id": executor,
        "application_version": "bench",
        "log_level": "ERROR",
    }
    DBOS(config=config)
    DBOS.launch()


async def prepare(given: Mapping[str, Any]) -> None:
    for name, tables in _TABLES.items():
        connection = await asyncpg.connect(given["urls"][name])
        await connection.execute(tables)
        await connection.executemany(*_contents(name, given))
        await connection.close()
    launch(given, "prepare")
    DBOS.destroy()


def _contents(name: str, given: Mapping[str, Any]) -> tuple[str, list[tuple[Any, ...]]]:
    if name == "customer":
        rows = [(key, Decimal(limit)) for key, limit in given["customers"].items()]
        return "INSERT INTO customers VALUES ($1, $2)", rows
    if name == "inventory":
        return "INSERT INTO products VALUES ($1, $2)", list(given["products"].items())
    return "SELECT 1", []


async def work(given: Mapping[str, Any], executor: str) -> None:
    launch(given, executor)
    for name in _TABLES:
        databases[name] = await asyncpg.create_pool(given["urls"][name], min_size=4, max_size=4)
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        await run_sagas(**json.loads(line))
        print("done", flush=True)
    for pool in databases.values():
        await pool.close()
    DBOS.destroy()


def main() -> None:
    command, file, *rest = sys.argv[1:]
    given = json.loads(Path(file).read_text())
    uvloop.run(prepare(given) if command == "prepare" else work(given, *rest))


if __name__ == "__main__":
    main()
