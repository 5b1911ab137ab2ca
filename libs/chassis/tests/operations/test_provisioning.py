"""`chassis provision` as a Job runs it, with one service's package."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import nats
import pytest
from click.testing import Result
from typer.testing import CliRunner

from chassis.cli import app
from chassis.messaging.inbox import inbox_prefix
from chassis.messaging.permissions import provisioner_user, relay_user
from chassis.messaging.provisioner import provision as bring_about
from chassis.messaging.topology import Consumer, ServiceTopology, Stream, events
from devkit.embedded.nats import NatsServer
from devkit.embedded.nats_accounts import NatsAccounts

DEPOT = ServiceTopology(
    service="depot-service", context="depot", streams=(Stream(channel=events("depot")),)
)
SHOP = ServiceTopology(
    service="shop-service",
    context="shop",
    consumers=(Consumer(service="shop-service", channel=events("depot")),),
)


@pytest.fixture(autouse=True)
def packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Services as they are installed: packages with a topology."""
    for name, topology in (("depot_service", DEPOT), ("shop_service", SHOP)):
        module = ModuleType(f"{name}.messaging.topology")
        module.TOPOLOGY = topology  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    accounts = NatsAccounts((provisioner_user(), relay_user(DEPOT)))
    with NatsServer(tmp_path, accounts=accounts) as server:
        yield server


def provision(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, ("provision", *arguments), env={"NATS_URL": url})


def test_a_stream_of_another_service_that_does_not_come_is_named(server: NatsServer) -> None:
    finished = provision(server.url_of("provisioner"), "shop_service", "--patience", "1")

    assert finished.exit_code == 1
    assert "Waiting: streams of other services are missing" in finished.output
    assert "stream depot-events: shop-service reads it" in finished.output


async def test_a_stream_of_another_service_is_waited_for(server: NatsServer) -> None:
    url = server.url_of("provisioner")
    waiting = asyncio.create_task(
        asyncio.to_thread(provision, url, "shop_service", "--patience", "60", "--json")
    )
    owner = await nats.connect(url, inbox_prefix=inbox_prefix("provisioner"))
    await bring_about(owner.jetstream(), [DEPOT])
    await owner.close()

    finished = await waiting
    assert finished.exit_code == 0
    assert '{"create": 4, "update": 0, "keep": 0}' in finished.output


def test_a_user_that_may_not_provision_is_told_so_at_once(server: NatsServer) -> None:
    finished = provision(server.url_of("depot-service-relay"), "depot_service", "--patience", "60")

    assert finished.exit_code == 1
    assert "permissions violation" in finished.output
    assert "NATS_URL is for the user 'provisioner'" in " ".join(finished.output.split())


def test_copies_of_streams_are_asked_for_and_a_single_server_refuses(server: NatsServer) -> None:
    finished = provision(server.url_of("provisioner"), "depot_service", "--replicas", "3")

    assert finished.exit_code == 1
    assert "replicas > 1 not supported" in " ".join(finished.output.split())
