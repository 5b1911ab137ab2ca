"""DBOS running the same sagas on the same servers, as a system to measure."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from devkit.bench.peer_environment import PeerEnvironment
from devkit.bench.placer import Placer, running_placer
from devkit.books import Books, CustomerAccount, ProductStock
from devkit.concurrency import together
from devkit.embedded.postgres import PostgresServer
from devkit.models import CreditReservation, Customer, Order, Product, StockReservation
from devkit.scenario import PlannedOrder, Scenario

_PROGRAM = "dbos_sagas.py"
_DATABASES = ("order", "customer", "inventory", "system")
_WORKERS = 3
_AT_ONCE_A_WORKER = 4
_ORDERS = """
SELECT orders.*, jsonb_agg(to_jsonb(order_lines)) AS lines
FROM orders JOIN order_lines USING (order_id) GROUP BY orders.order_id
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class DbosSagas:
    """A `SagaSystem` of worker processes, each of which runs whole sagas."""

    workers: Sequence[Placer]
    servers: Mapping[str, int]
    databases: Mapping[str, str]

    @property
    def pids(self) -> Mapping[str, int]:
        workers = {f"worker {number}": worker.pid for number, worker in enumerate(self.workers)}
        return {**self.servers, **workers}

    @property
    def roles(self) -> Sequence[str]:
        return tuple(map(_database_name, _DATABASES))

    async def place(self, orders: Sequence[PlannedOrder], *, rate: float | None) -> None:
        count = len(self.workers)
        await together(
            *(
                worker.place(orders[number::count], at_once=_AT_ONCE_A_WORKER)
                if rate is None
                else worker.place(
                    orders[number::count], interval=count / rate, offset=number / rate
                )
                for number, worker in enumerate(self.workers)
            )
        )

    async def orders(self) -> Sequence[Order]:
        rows = await self._rows("order", _ORDERS)
        return [Order.model_validate({**row, "lines": json.loads(row["lines"])}) for row in rows]

    async def books(self) -> Books:
        return Books(
            orders=tuple(await self.orders()),
            accounts=tuple(await self._accounts()),
            stocks=tuple(await self._stocks()),
        )

    async def _accounts(self) -> list[CustomerAccount]:
        customers = await self._rows(
            "customer", "SELECT *, credit_limit - reserved - confirmed AS available FROM customers"
        )
        held = await self._rows("customer", "SELECT * FROM reservations")
        return [
            CustomerAccount(
                customer=Customer.model_validate(customer),
                reservations=tuple(
                    CreditReservation.model_validate(row)
                    for row in held
                    if row["customer_id"] == customer["customer_id"]
                ),
            )
            for customer in customers
        ]

    async def _stocks(self) -> list[ProductStock]:
        products = await self._rows(
            "inventory", "SELECT *, on_hand - reserved AS available FROM products"
        )
        held = await self._rows("inventory", "SELECT * FROM reservations")
        return [
            ProductStock(
                product=Product.model_validate(product),
                reservations=tuple(
                    StockReservation.model_validate(row)
                    for row in held
                    if row["product_id"] == product["product_id"]
                ),
            )
            for product in products
        ]

    async def _rows(self, database: str, query: str) -> list[dict[str, Any]]:
        connection = await asyncpg.connect(self.databases[database])
        try:
            return [dict(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()


@asynccontextmanager
async def dbos_sagas(
    peers: PeerEnvironment,
    postgres: PostgresServer,
    scenario: Scenario,
    folder: Path,
    *,
    servers: Mapping[str, int],
) -> AsyncIterator[DbosSagas]:
    """Databases with the scenario's customers and stock, and workers that are ready.

    `servers` are the processes of the servers that DBOS uses.
    """
    databases = {
        name: (await asyncio.to_thread(postgres.create_database, _database_name(name))).url
        for name in _DATABASES
    }
    given = folder / "dbos.json"
    given.touch(mode=0o600)
    given.write_text(json.dumps(_given(databases, scenario)))
    await peers.run(_PROGRAM, "prepare", str(given))
    async with AsyncExitStack() as stack:
        starting = (
            running_placer(
                peers.argv(_PROGRAM, "work", str(given), f"worker-{number}"),
                log=folder / f"dbos-worker-{number}.log",
            )
            for number in range(_WORKERS)
        )
        workers = [await stack.enter_async_context(worker) for worker in starting]
        yield DbosSagas(workers=workers, servers=servers, databases=databases)


def _given(databases: Mapping[str, str], scenario: Scenario) -> dict[str, Any]:
    return {
        "urls": dict(databases),
        "customers": {
            customer.customer_id: str(customer.credit_limit) for customer in scenario.customers
        },
        "products": dict(scenario.stock),
    }


def _database_name(name: str) -> str:
    return f"dbos_{name}"
