"""The receiver, with the exporter of the OpenTelemetry SDK as its client."""

import gzip
from collections.abc import Iterator

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, Tracer, format_trace_id

from devkit.tracing.receiver import Receiver, receiving_spans
from devkit.tracing.store import SpanStore
from devkit.tracing.trace import Trace

PROTOBUF = {"content-type": "application/x-protobuf"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving_spans() as receiver:
        yield receiver


@pytest.fixture(params=[Compression.NoCompression, Compression.Gzip])
def tracer(request: pytest.FixtureRequest, receiver: Receiver) -> Iterator[Tracer]:
    """Exports each span as it ends, as order-service."""
    exporter = OTLPSpanExporter(f"{receiver.endpoint}/v1/traces", compression=request.param)
    provider = TracerProvider(resource=Resource({"service.name": "order-service"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider.get_tracer("test")
    provider.shutdown()


def received(receiver: Receiver, trace_id: int) -> Trace:
    trace = receiver.spans.trace(format_trace_id(trace_id))
    assert trace is not None
    return trace


def post(receiver: Receiver, body: bytes, headers: dict[str, str]) -> httpx.Response:
    url = f"{receiver.endpoint}/v1/traces"
    return httpx.post(url, content=body, headers=headers, trust_env=False, timeout=60)


def test_a_span_arrives_with_all_that_was_said_about_it(receiver: Receiver, tracer: Tracer) -> None:
    elsewhere = tracer.start_span("elsewhere").get_span_context()
    with tracer.start_as_current_span("POST /orders", kind=SpanKind.SERVER) as root:
        root.add_event("accepted", {"order": 1}, timestamp=7)
        with tracer.start_as_current_span(
            "saga CreateOrder reserve_credit",
            attributes={"saga.id": "s-1", "attempt": 2, "late": False, "path": ["a", "b"]},
            links=[Link(elsewhere)],
        ) as step:
            step.set_status(Status(StatusCode.ERROR, "CREDIT_LIMIT_EXCEEDED"))

    trace = received(receiver, root.get_span_context().trace_id)
    parent, child = trace.spans
    assert (parent.service, parent.name, parent.kind) == (
        "order-service",
        "POST /orders",
        SpanKind.SERVER,
    )
    assert parent.parent_id is None
    assert not parent.is_error
    (event,) = parent.events
    assert (event.name, event.at_ns, event.attributes) == ("accepted", 7, {"order": 1})
    assert child.parent_id == parent.span_id
    assert (child.is_error, child.status_message) == (True, "CREDIT_LIMIT_EXCEEDED")
    assert child.attributes == {"saga.id": "s-1", "attempt": 2, "late": False, "path": ("a", "b")}
    (link,) = child.links
    assert link.trace_id == format_trace_id(elsewhere.trace_id)
    assert 0 <= child.duration_ms <= parent.duration_ms
    assert parent.start_ns <= child.start_ns <= child.end_ns <= parent.end_ns


def test_spans_are_received_while_the_event_loop_of_the_receiver_is_busy() -> None:
    """The exporter below blocks this thread until it is answered."""
    with receiving_spans(SpanStore()) as receiver:
        provider = TracerProvider(shutdown_on_exit=False)
        span = provider.get_tracer("test").start_span("one")
        span.end()
        exporter = OTLPSpanExporter(f"{receiver.endpoint}/v1/traces")
        assert exporter.export([span]) is SpanExportResult.SUCCESS
        exporter.shutdown()
        assert len(receiver.spans) == 1


@pytest.mark.parametrize(
    ("body", "headers", "status", "reason"),
    [
        (b"\xff\xff\xff", PROTOBUF, 400, "not an OTLP trace export"),
        (b"hello", PROTOBUF | {"content-encoding": "gzip"}, 400, "the body is not gzip"),
        (
            gzip.compress(b"hello" * 100)[:-10],
            PROTOBUF | {"content-encoding": "gzip"},
            400,
            "ends too early",
        ),
        (
            gzip.compress(bytes(17 * 1024 * 1024)),
            PROTOBUF | {"content-encoding": "gzip"},
            413,
            "smaller batches",
        ),
        (bytes(17 * 1024 * 1024), PROTOBUF, 413, "smaller batches"),
        (b"hello", PROTOBUF | {"content-encoding": "br"}, 415, "only gzip"),
        (b"{}", {"content-type": "application/json"}, 415, "OTEL_EXPORTER_OTLP_PROTOCOL"),
        (b"{}", {}, 415, "OTEL_EXPORTER_OTLP_PROTOCOL"),
    ],
    ids=[
        "noise",
        "not gzip",
        "cut off",
        "large once unpacked",
        "large",
        "other encoding",
        "JSON",
        "no type",
    ],
)
def test_garbage_is_refused_with_a_reason_and_the_next_export_is_taken(
    receiver: Receiver, body: bytes, headers: dict[str, str], status: int, reason: str
) -> None:
    refused = post(receiver, body, headers)

    assert refused.status_code == status
    assert reason in refused.text
    assert post(receiver, export_of("one", trace_id=b"t" * 16), PROTOBUF).status_code == 200
    assert len(receiver.spans) == 1


@pytest.mark.parametrize("trace_id", [b"short", bytes(16)])
def test_an_id_that_is_none_is_refused_by_the_name_of_its_span(
    receiver: Receiver, trace_id: bytes
) -> None:
    refused = post(receiver, export_of("one", trace_id=trace_id), PROTOBUF)

    assert refused.status_code == 400
    assert "the trace id of span 'one'" in refused.text
    assert len(receiver.spans) == 0


def export_of(name: str, *, trace_id: bytes) -> bytes:
    data = TracesData()
    span = data.resource_spans.add().scope_spans.add().spans.add()
    span.name, span.trace_id, span.span_id = name, trace_id, b"s" * 8
    return data.SerializeToString()
