"""The platform while NATS or PostgreSQL is away, and afterwards."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devkit.books import read_books
from devkit.carrier import Carrier
from devkit.clients import Clients, clients_of
from devkit.mix import mixed_orders
from devkit.pace import all_ended
from devkit.placing import load, place
from devkit.platform import NATS, POSTGRESQL, Platform, running_platform
from devkit.run_folder import RunFolder
from devkit.scenario import Scenario
from devkit.sums import disagreements

NATS_AWAY_SECONDS = float(os.environ.get("NATS_AWAY_SECONDS", "4"))

CARRIER = Carrier(pickup_seconds=1, transit_seconds=1, failure_percent=20)

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(run_dir: Path) -> RunFolder:
    run_dir.mkdir()
    return RunFolder(run_dir)


@pytest.fixture
async def platform(folder: RunFolder) -> AsyncIterator[Platform]:
    async with running_platform(folder, print, carrier=CARRIER) as platform:
        yield platform


async def test_orders_are_taken_while_nats_is_away_and_all_end_well_afterwards(
    platform: Platform,
) -> None:
    scenario = mixed_orders(60, seed=2).scenario
    async with clients_of(platform.addresses) as clients:
        await load(scenario, clients)
        with _stopped(platform.supervisor.pids[NATS]):
            async with asyncio.timeout(NATS_AWAY_SECONDS + 20):
                placed = await _place(scenario, clients, rate=60 / NATS_AWAY_SECONDS)
        assert len(placed) == 60

        await _check_that_everything_ends_well(scenario, clients)


async def test_everything_completes_across_a_kill_of_postgresql_under_load(
    platform: Platform,
) -> None:
    scenario = mixed_orders(120, seed=3).scenario
    async with clients_of(platform.addresses) as clients:
        await load(scenario, clients)
        placing = asyncio.create_task(_place(scenario, clients, rate=40))
        await asyncio.sleep(1)  # the load is what is waited for: orders are under way
        assert platform.supervisor.kill(POSTGRESQL)
        await placing

        await _check_that_everything_ends_well(scenario, clients)


async def _place(scenario: Scenario, clients: Clients, *, rate: float) -> list[object]:
    placed = await place(scenario.orders, clients, rate=rate, at_once=32, then=lambda *_: None)
    return list(placed.values())


async def _check_that_everything_ends_well(scenario: Scenario, clients: Clients) -> None:
    assert await all_ended(clients, within=90, observe=lambda _: None)
    assert disagreements(await read_books(clients), stock=scenario.stock) == []


@contextmanager
def _stopped(pid: int) -> Iterator[None]:
    """The process answers nobody meanwhile, and its connections stay open."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
