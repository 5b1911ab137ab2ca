"""The platform while NATS or PostgreSQL is away, and afterwards."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import pytest
import pytest_asyncio

from devkit.books import read_books
from devkit.carrier import Carrier
from devkit.clients import Clients, clients_of
from devkit.mix import mixed_orders
from devkit.pace import all_ended
from devkit.placing import load, place
from devkit.platform import NATS, POSTGRESQL, Platform, running_platform
from devkit.run_folder import RunFolder
from devkit.scenario import PlannedOrder
from devkit.sums import disagreements

NATS_AWAY_SECONDS = float(os.environ.get("NATS_AWAY_SECONDS", "4"))

CARRIER = Carrier(pickup_seconds=1, transit_seconds=1, failure_percent=20)
SCENARIO = mixed_orders(160, seed=2).scenario

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@dataclass(frozen=True, slots=True)
class Shop:
    """A platform with everything that the scenario's orders are about."""

    platform: Platform
    clients: Clients

    def kill(self, name: str) -> None:
        assert self.platform.supervisor.kill(name)

    async def place(self, orders: tuple[PlannedOrder, ...], *, rate: float) -> list[UUID]:
        placed = await place(orders, self.clients, rate=rate, at_once=32, then=lambda *_: None)
        return list(placed.values())

    async def check_that_everything_ends_well(self) -> None:
        assert await all_ended(self.clients, within=90, observe=lambda _: None)
        assert disagreements(await read_books(self.clients), stock=SCENARIO.stock) == []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(folder: RunFolder) -> AsyncIterator[Shop]:
    async with (
        running_platform(folder, print, carrier=CARRIER) as platform,
        clients_of(platform.addresses) as clients,
    ):
        await load(SCENARIO, clients)
        yield Shop(platform, clients)


async def test_orders_are_taken_while_nats_is_away_and_all_end_well_afterwards(shop: Shop) -> None:
    with _stopped(shop.platform.supervisor.pids[NATS]):
        async with asyncio.timeout(NATS_AWAY_SECONDS + 120):
            placed = await shop.place(SCENARIO.orders[:60], rate=60 / NATS_AWAY_SECONDS)
    assert len(placed) == 60

    await shop.check_that_everything_ends_well()


async def test_everything_completes_across_a_kill_of_postgresql_under_load(shop: Shop) -> None:
    placing = asyncio.create_task(shop.place(SCENARIO.orders[60:], rate=40))
    await asyncio.sleep(1)  # the load is what is waited for: orders are under way
    shop.kill(POSTGRESQL)
    await placing

    await shop.check_that_everything_ends_well()


@contextmanager
def _stopped(pid: int) -> Iterator[None]:
    """The process answers nobody meanwhile, and its connections stay open."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
