"""The relay shows the hop of every sampled message, and changes none."""

import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from nats.js import JetStreamContext
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from chassis.messaging.headers import encode_header_block
from chassis.relay.relay import Relay
from chassis.relay.spans import PublishSpans
from chassis.telemetry.export import new_provider
from devkit.bench.outbox_load import make_stream, wait_until_empty
from devkit.bench.relay_process import RelayProcess
from devkit.eventually import eventually
from devkit.ports import free_port
from devkit.tracing.receiver import receiving_spans

pytestmark = pytest.mark.real

StartRelay = Callable[..., Awaitable[Relay]]

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
SAMPLED = f"00-{TRACE_ID}-b7ad6b7169203331-01"
UNSAMPLED = f"00-{TRACE_ID}-b7ad6b7169203331-00"


async def insert(connection: asyncpg.Connection, trace_parent: str | None, key: str = "a") -> str:
    """Write a row as a service does; its message id."""
    message_id = uuid4()
    headers = {"Nats-Msg-Id": str(message_id), "ce-subject": key}
    if trace_parent is not None:
        headers |= {"traceparent": trace_parent, "tracestate": "vendor=1"}
    await connection.execute(
        "INSERT INTO outbox (message_id, shard, key, subject, headers, body)"
        " VALUES ($1, 0, $2, 'bench.events.Load.0', $3, '{}')",
        message_id,
        key,
        encode_header_block(headers.items()),
    )
    return str(message_id)


@pytest.fixture
def memory() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def publish_spans(memory: InMemorySpanExporter) -> PublishSpans:
    processor = SimpleSpanProcessor(memory)
    return PublishSpans(new_provider("bench-service-relay", processor), processor)


async def test_a_published_message_has_a_span_below_its_creation_and_keeps_its_headers(
    start_relay: StartRelay,
    publish_spans: PublishSpans,
    memory: InMemorySpanExporter,
    connection: asyncpg.Connection,
    jetstream: JetStreamContext,
) -> None:
    stream = await make_stream(jetstream, "bench.events")
    message_id = await insert(connection, SAMPLED)
    await insert(connection, UNSAMPLED, "b")
    await insert(connection, None, "c")

    await start_relay(spans=publish_spans)
    await wait_until_empty(connection)

    [span] = await eventually(memory.get_finished_spans)
    assert (span.name, span.kind) == ("publish bench.events", SpanKind.CLIENT)
    assert f"{span.context.trace_id:032x}" == TRACE_ID
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"
    assert [link.context for link in span.links] == [span.parent]
    assert span.attributes["messaging.message.id"] == message_id
    assert span.attributes["message.outcome"] == "stored"
    assert span.attributes["outbox.delay_ms"] >= 0
    stored = (await jetstream.get_msg(stream, 1)).headers
    assert stored is not None
    assert (stored["traceparent"], stored["tracestate"]) == (SAMPLED, "vendor=1")
    assert (await jetstream.get_msg(stream, 2)).headers["traceparent"] == UNSAMPLED


async def test_a_message_that_is_parked_shows_the_error_once(
    start_relay: StartRelay,
    publish_spans: PublishSpans,
    memory: InMemorySpanExporter,
    connection: asyncpg.Connection,
) -> None:
    await insert(connection, SAMPLED)

    await start_relay(spans=publish_spans)

    await eventually(lambda: connection.fetchval("SELECT key FROM outbox_parked"))
    [span] = await eventually(memory.get_finished_spans)
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["message.outcome"] == "parked"


@pytest.mark.parametrize("collector", ["there", "away"])
async def test_a_relay_exports_what_is_left_when_it_stops_and_waits_for_no_collector(
    start_relay_process: Any,
    connection: asyncpg.Connection,
    jetstream: JetStreamContext,
    collector: str,
) -> None:
    await make_stream(jetstream, "bench.events")
    with receiving_spans() as receiver:
        away = f"http://127.0.0.1:{free_port()}"
        endpoint = receiver.endpoint if collector == "there" else away
        relay: RelayProcess = start_relay_process(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
        for _ in range(20):
            await insert(connection, SAMPLED)
        await wait_until_empty(connection)

        relay.stop()  # raises if it does not end in time

        published = receiver.spans.traces({"message.outcome": "stored"})
    if collector == "there":
        [trace] = published
        assert trace.services == ["bench-service-relay"]
        assert len(trace.spans) == 20


def test_a_relay_that_does_not_trace_imports_neither_opentelemetry_nor_a_framework() -> None:
    program = (
        "import sys, chassis.relay.__main__;"
        "print({m.partition('.')[0] for m in sys.modules}"
        " & {'opentelemetry', 'sqlalchemy', 'fastapi', 'faststream', 'pydantic', 'requests'})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
