"""A consumer in JavaScript, which knows order-service by its AsyncAPI document only."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import pytest_asyncio
import yaml

from chassis.messaging.envelope import ReceivedMessage
from chassis.messaging.topology import ServiceTopology, events
from devkit.clients import OrderClient
from devkit.contracts.matching import mismatches
from devkit.contracts.pacts import read_pact
from devkit.contracts.wire import WireMessage
from devkit.deployables import ORDER_SERVICE
from devkit.eventually import eventually
from devkit.http_client import ApiClient, http_connections
from devkit.models import Line
from devkit.platform import Platform, running_platform
from devkit.run_folder import RunFolder
from devkit.tracing.receiver import receiving_spans
from order_history_service.messaging import subscriptions
from order_service.messaging.contracts import OrderPlaced

HERE = Path(__file__).parent
READER = HERE / "node" / "reader.mjs"
DOCUMENT = HERE.parent / "services" / "order-service" / "contracts" / "asyncapi.yaml"
PACT = DOCUMENT.parent / "consumers" / "order-history-service-order-service.json"
MESSAGE = "order.OrderPlaced.v1"
# may read the events of orders by sequence, and nothing else
ANALYTICS = ServiceTopology(
    service="analytics-service", context="analytics", reads=(events("order"),)
)
GOOD_ENOUGH_NODE = (20, 15)  # the first with zlib.crc32

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def node() -> str:
    """Node with what the reader imports."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not installed")
    version = output_of(node, "--version").removeprefix("v").split(".")
    if tuple(map(int, version[:2])) < GOOD_ENOUGH_NODE:
        pytest.skip(f"node is {'.'.join(version)}, and has to be 20.15 or newer")
    installed = run_here(npm, "ci", "--silent")
    if installed.returncode != 0:
        pytest.skip(f"npm could not install what the reader imports: {installed.stderr}")
    return node


def run_here(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=READER.parent, capture_output=True, text=True, check=False, timeout=120
    )


def output_of(*command: str) -> str:
    return run_here(*command).stdout.strip()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def platform(node: str, folder: RunFolder) -> AsyncIterator[Platform]:
    """Traced, as a demonstration is."""
    with receiving_spans() as receiver:
        async with running_platform(
            folder,
            print,
            services=(ORDER_SERVICE,),
            guests=(ANALYTICS,),
            environment={"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint},
        ) as platform:
            yield platform


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def order_id(platform: Platform) -> UUID:
    """An order that was placed."""
    line = Line(product_id="11", quantity=2, unit_price=Decimal("14.00"))
    async with http_connections() as http:
        orders = OrderClient(ApiClient(http, platform.addresses.http[ORDER_SERVICE], patience=60))
        return await orders.place(key="order-1", customer_id="ALFKI", lines=(line,))


class Reading:
    """What the reader printed, and how it ended."""

    def __init__(self, finished: subprocess.CompletedProcess[str]) -> None:
        self.status = finished.returncode
        self.errors = finished.stderr
        self.messages = [json.loads(line) for line in finished.stdout.splitlines()]


@pytest.fixture
def read(node: str, platform: Platform) -> Callable[..., Awaitable[Reading]]:
    """Lets the reader read, as the user of analytics-service."""
    url = urlsplit(platform.addresses.guests[ANALYTICS.service])

    def run(document: Path = DOCUMENT) -> Reading:
        user = {"NATS_USER": url.username or "", "NATS_PASSWORD": url.password or ""}
        arguments = (str(document), MESSAGE, f"{url.hostname}:{url.port}")
        return Reading(
            subprocess.run(
                [node, str(READER), *arguments],
                env={"PATH": os.environ["PATH"], **user},
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
        )

    return lambda *document: asyncio.to_thread(run, *document)


async def test_it_finds_the_event_where_the_document_says_and_as_the_document_says(
    read: Callable[..., Awaitable[Reading]], order_id: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    async def has_come() -> Reading | None:
        reading = await read()
        assert reading.status == 0, reading.errors
        return reading if reading.messages else None

    reading = await eventually(has_come, within=60)

    assert reading is not None
    [message] = reading.messages
    assert message["payload"]["order_id"] == str(order_id)
    assert message["payload"]["total"] == "28.00"
    assert message["headers"]["ce-type"] == MESSAGE
    assert message["headers"]["ce-subject"] == str(order_id)
    with capsys.disabled():
        print(f"\nread by node: {json.dumps(message)}")  # noqa: T201


async def test_it_notices_what_does_not_keep_to_the_document(
    read: Callable[..., Awaitable[Reading]], order_id: UUID, tmp_path: Path
) -> None:
    document: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text())
    schemas = document["components"]["schemas"]
    schemas["OrderPlaced"]["required"].append("discount")
    schemas["events-headers"]["required"].append("ce-tenant")
    other = tmp_path / "asyncapi.yaml"
    other.write_text(yaml.safe_dump(document))

    async def has_come() -> Reading | None:
        reading = await read(other)
        return reading if reading.messages else None

    reading = await eventually(has_come, within=60)

    assert reading is not None
    assert reading.status == 1
    assert "must have required property 'discount'" in reading.errors
    assert "must have required property 'ce-tenant'" in reading.errors


async def test_a_captured_message_keeps_to_the_contract_in_both_directions(
    read: Callable[..., Awaitable[Reading]], order_id: UUID
) -> None:
    """Written as its owner declares it, and as a consumer's pact and its own copy need it."""

    async def has_come() -> dict[str, Any] | None:
        messages = (await read()).messages
        return messages[0] if messages else None

    captured = await eventually(has_come, within=60)

    assert captured is not None
    body = json.dumps(captured["payload"]).encode()
    received = ReceivedMessage.read(captured["headers"], body)
    assert (received.wire_type, received.key) == (MESSAGE, str(order_id))
    assert received.source == ORDER_SERVICE
    written = OrderPlaced.from_body(received.body)
    assert json.loads(written.to_body()) == captured["payload"]
    assert subscriptions.OrderPlaced.from_body(received.body).order_id == order_id
    needed = [
        part
        for interaction in read_pact(PACT).interactions
        for part in interaction.answers
        if part.wire_type == MESSAGE
    ]
    assert needed
    for part in needed:
        message = WireMessage(captured["subject"], captured["headers"], body)
        assert await mismatches(part, message) == []
