"""What a system does with the Create Order saga: sagas a second, their cost, their latency."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from devkit.bench.meter import StatementMeter, percentile
from devkit.bench.process_tree import cpu_seconds_by_name
from devkit.bench.saga_check import WrongSagasError, check_sagas
from devkit.bench.saga_orders import OrderSource
from devkit.books import Books
from devkit.models import Order
from devkit.scenario import PlannedOrder

_WARM_UP_SAGAS = 60
_MILLISECONDS = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Saturation:
    """What a system did at its limit; CPU and statements are those of one saga."""

    sagas_per_s: float
    cpu_ms_by_process: Mapping[str, float]
    statements: float

    @property
    def cpu_ms(self) -> float:
        return sum(self.cpu_ms_by_process.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class SagaLatency:
    """From the placing of an order to its decision, in milliseconds."""

    p50: float
    p99: float


class SagaSystem(Protocol):
    """A system that carries out the sagas of a measurement."""

    @property
    def pids(self) -> Mapping[str, int]:
        """Every process that has a part in it, servers included, by name."""

    async def place(self, orders: Sequence[PlannedOrder], *, rate: float | None) -> None:
        """Place orders and wait until all are decided; without a rate, as fast as it goes."""

    async def orders(self) -> Sequence[Order]:
        """All orders so far, from the system's database."""

    async def books(self) -> Books:
        """All that the system says about orders, money and stock."""


class SagaMeasurement:
    """Measures one system, with orders of its own."""

    def __init__(
        self, system: SagaSystem, statements: Sequence[StatementMeter], stock: Mapping[str, int]
    ) -> None:
        self._system = system
        self._statements = statements
        self._stock = stock
        self._source = OrderSource()
        self._placed: list[PlannedOrder] = []

    async def warm_up(self) -> None:
        """Let every process import, connect and prepare what it needs."""
        await self._run(_WARM_UP_SAGAS, rate=None)

    async def saturate(self, sagas: int) -> Saturation:
        """All at once; counted from the first placing to the last decision."""
        planned = self._plan(sagas)
        statements, cpu = await self._statement_count(), cpu_seconds_by_name(self._system.pids)
        await self._system.place(planned, rate=None)
        cpu_after = cpu_seconds_by_name(self._system.pids)
        statements_after = await self._statement_count()
        orders = await self._decided(planned)
        began = min(order.placed_at for order in orders)
        ended = max(order.decided_at or order.placed_at for order in orders)
        return Saturation(
            sagas_per_s=sagas / (ended - began).total_seconds(),
            cpu_ms_by_process={
                name: _MILLISECONDS * (cpu_after[name] - cpu[name]) / sagas for name in cpu
            },
            statements=(statements_after - statements) / sagas,
        )

    async def steady(self, *, rate: float, seconds: float) -> SagaLatency:
        """Orders at a steady rate, however long the sagas before them take."""
        orders = await self._run(int(rate * seconds), rate=rate)
        milliseconds = [
            _MILLISECONDS * (order.decided_at - order.placed_at).total_seconds()
            for order in orders
            if order.decided_at is not None
        ]
        return SagaLatency(p50=percentile(milliseconds, 0.5), p99=percentile(milliseconds, 0.99))

    async def check(self) -> None:
        """Raises WrongSagasError where anything of all that was measured came out wrong."""
        books = await self._system.books()
        check_sagas(books, placed=self._placed, stock=self._stock)

    async def _run(self, sagas: int, *, rate: float | None) -> list[Order]:
        planned = self._plan(sagas)
        await self._system.place(planned, rate=rate)
        return await self._decided(planned)

    def _plan(self, sagas: int) -> Sequence[PlannedOrder]:
        planned = self._source.take(sagas)
        self._placed += planned
        return planned

    async def _decided(self, planned: Sequence[PlannedOrder]) -> list[Order]:
        ids = {UUID(order.key) for order in planned}
        orders = [order for order in await self._system.orders() if order.order_id in ids]
        undecided = sum(order.decided_at is None for order in orders) + len(ids) - len(orders)
        if undecided:
            raise WrongSagasError(f"{undecided} of {len(ids)} orders are not decided")
        return orders

    async def _statement_count(self) -> int:
        return sum([await meter.statements() for meter in self._statements])
