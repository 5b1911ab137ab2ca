"""`devkit run`, as a user starts, disturbs and stops it."""

import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import pytest

from devkit.clients import Clients, clients_of
from devkit.deployables import SERVICES, relay_of, with_relay
from devkit.eventually import eventually
from devkit.models import APPROVED, Line
from devkit.platform import Addresses

PROGRAMS = {
    *("nats", "postgresql"),
    *SERVICES,
    *(relay_of(one.name) for one in with_relay()),  # who publishes nothing has none
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """The command, the pids and addresses that it printed, and all its processes."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]
    family: list[psutil.Process]

    @asynccontextmanager
    async def clients(self) -> AsyncIterator[Clients]:
        given = {name: self.ready[name] for name in ("http", "nats", "postgresql")}
        async with clients_of(Addresses(relays={}, **given)) as clients:
            yield clients

    def traces(self, order_id: UUID) -> str:
        url = f"{self.ready['otlp']}/traces/{order_id}"
        return httpx.get(url, trust_env=False, timeout=60).text

    def stop(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        assert self.process.wait(timeout=60) == 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    devkit: str
    run_dir: Path
    environment: dict[str, str]

    @property
    def said(self) -> Path:
        return self.run_dir.with_name("said")

    @contextmanager
    def started(self) -> Iterator[Started]:
        """Waits until it is ready; killed where the test has not stopped it."""
        with (
            self.said.open("a") as said,
            subprocess.Popen(
                [self.devkit, "run", "--json"],
                env={**self.environment, "RUN_DIR": str(self.run_dir)},
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            ) as process,
        ):
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                assert line, self.said.read_text()
                ready = json.loads(line)
                family = psutil.Process(process.pid).children(recursive=True)
                yield Started(process=process, ready=ready, family=family)
            finally:
                process.kill()


@pytest.fixture
def run(devkit: str, run_dir: Path, environment: dict[str, str]) -> Run:
    return Run(devkit=devkit, run_dir=run_dir, environment=environment)


async def an_order_is_approved(clients: Clients) -> UUID:
    await clients.customers.put("ALFKI", name="Alfreds", country="Germany", limit=Decimal(100))
    await clients.inventory.put("11", name="Queso", on_hand=3)
    line = Line(product_id="11", quantity=1, unit_price=Decimal("14.00"))
    order_id = await clients.orders.place(key="order-1", customer_id="ALFKI", lines=(line,))

    async def is_approved() -> bool:
        return (await clients.orders.order(order_id)).state in APPROVED

    await eventually(is_approved, within=60)
    return order_id


@pytest.mark.slow
async def test_ctrl_c_leaves_no_process_and_the_next_run_goes_on_with_the_same_data(
    run: Run,
) -> None:
    with run.started() as first:
        assert set(first.ready["pids"]) == PROGRAMS
        async with first.clients() as clients:
            order_id = await an_order_is_approved(clients)
        await eventually(lambda: "approve_order" in first.traces(order_id))

        first.stop(signal.SIGINT)

        assert [child for child in first.family if child.is_running()] == []
        assert first.process.stdout is not None
        assert first.process.stdout.read() == ""

    with run.started() as second:
        assert second.ready["http"] == first.ready["http"]
        async with second.clients() as clients:
            assert (await clients.orders.order(order_id)).state in APPROVED
        second.stop(signal.SIGTERM)
        assert [child for child in second.family if child.is_running()] == []


@pytest.mark.slow
async def test_whichever_process_dies_is_started_again_and_the_work_goes_on(run: Run) -> None:
    victims = sorted(PROGRAMS)
    with run.started() as platform:
        for name in victims:
            os.kill(platform.ready["pids"][name], signal.SIGKILL)
        async with platform.clients() as clients:
            await an_order_is_approved(clients)
        platform.stop(signal.SIGINT)
    for name in victims:
        assert f"{name} was ended by SIGKILL, starting it again" in run.said.read_text()
