"""What is exported is what OpenTelemetry's own encoder would say."""

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
)

from chassis.telemetry.wire import encode_request

RESOURCE = Resource({"service.name": "order-service", "pods": 3}, schema_url="https://schema/1")
SCOPE = InstrumentationScope("chassis", "1.0", "https://schema/2", {"of": "scope"})
STATE = TraceState([("vendor", "1"), ("other", "two")])
ROOT = SpanContext(1 << 127, 1 << 63, True, TraceFlags(3), STATE)
CHILD = SpanContext(1 << 127, 7, False, TraceFlags(1))

SPANS = [
    *(
        ReadableSpan("a", CHILD, ROOT, RESOURCE, kind=kind, start_time=1, end_time=2)
        for kind in SpanKind
    ),
    ReadableSpan(
        "Ünïcode " * 40,
        ROOT,
        None,
        RESOURCE,
        {
            "text": "ß" * 300,
            "empty": "",
            "true": True,
            "one": 1,
            "false": False,
            "zero": 0,
            "negative": -5,
            "large": 1 << 62,
            "float": 1.5,
            "one point zero": 1.0,
            "list": ["a", "b"],
            "tuple": (1, 2),
            "bytes": b"\x00\xff",
        },
        events=[Event("exception", {"exception.type": "KeyError"}, 1 << 60)],
        links=[Link(CHILD, {"why": "retry"}), Link(ROOT)],
        status=Status(StatusCode.ERROR, "timeout"),
        start_time=1 << 60,
        end_time=(1 << 60) + 5,
        instrumentation_scope=SCOPE,
    ),
    ReadableSpan("b", CHILD, ROOT, Resource({}), status=Status(StatusCode.OK), start_time=3),
]


def test_every_kind_of_span_is_encoded_as_the_library_does_it() -> None:
    for span in SPANS:
        encoded = ExportTraceServiceRequest.FromString(encode_request([span]))
        assert encoded == encode_spans([span])


def test_spans_are_grouped_by_their_resource_and_scope() -> None:
    request = ExportTraceServiceRequest.FromString(encode_request(SPANS))

    groups = [[len(scope.spans) for scope in group.scope_spans] for group in request.resource_spans]
    assert groups == [[len(SpanKind)], [1], [1]]
