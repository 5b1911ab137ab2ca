"""The platform's own sagas, as a system to measure: services and relays as processes."""

import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil

from devkit.bench.placer import Placer, running_placer
from devkit.bench.saga_check import WrongSagasError
from devkit.books import Books, read_books
from devkit.clients import Clients, clients_of
from devkit.deployables import ORDER_SERVICE
from devkit.eventually import eventually
from devkit.models import Order, OrderState
from devkit.placing import load
from devkit.platform import Platform
from devkit.scenario import PlannedOrder, Scenario

_PLACED_AT_ONCE = 16
_DECIDED_SECONDS = 60.0
_LOOK_SECONDS = 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformSagas:
    """A `SagaSystem`; orders are placed by a process of their own beside order-service."""

    platform: Platform
    clients: Clients
    placer: Placer

    @property
    def pids(self) -> Mapping[str, int]:
        return {**self.platform.supervisor.pids, "placer": self.placer.pid}

    async def place(self, orders: Sequence[PlannedOrder], *, rate: float | None) -> None:
        if rate is None:
            await self.placer.place(orders, at_once=_PLACED_AT_ONCE)
        else:
            await self.placer.place(orders, interval=1 / rate)
        await self._decided()

    async def orders(self) -> Sequence[Order]:
        return [order async for order in self.clients.orders.orders()]

    async def books(self) -> Books:
        return await read_books(self.clients)

    async def _decided(self) -> None:
        async def none_is_pending() -> bool:
            return not await self.clients.orders.count(OrderState.PENDING, at_most=1)

        try:
            decided: bool = await eventually(
                none_is_pending, within=_DECIDED_SECONDS, every=_LOOK_SECONDS
            )
            assert decided
        except AssertionError as error:
            raise WrongSagasError(
                f"orders are still undecided {_DECIDED_SECONDS:g} s after the last one was placed"
            ) from error


@asynccontextmanager
async def platform_sagas(platform: Platform, scenario: Scenario) -> AsyncIterator[PlatformSagas]:
    """The running platform with the scenario's customers and stock, and a placer beside it."""
    order_service = psutil.Process(platform.supervisor.pids[ORDER_SERVICE])
    placing = running_placer(
        (sys.executable, "-m", "devkit.bench.order_placer"),
        log=platform.folder.log("placer"),
        env=order_service.environ(),
    )
    async with clients_of(platform.addresses) as clients, placing as placer:
        await load(scenario, clients)
        yield PlatformSagas(platform=platform, clients=clients, placer=placer)
