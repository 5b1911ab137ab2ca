"""Spans out of the OpenTelemetry protocol, version 1, as protobuf or as JSON."""

import base64
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from opentelemetry.trace import SpanKind, StatusCode

from devkit.tracing.span import AttributeValue, Link, Span, SpanEvent

_TRACE_ID_BYTES = 16
_SPAN_ID_BYTES = 8
_HEXADECIMAL = {"traceId", "spanId", "parentSpanId"}
_KINDS = {
    OtlpSpan.SPAN_KIND_SERVER: SpanKind.SERVER,
    OtlpSpan.SPAN_KIND_CLIENT: SpanKind.CLIENT,
    OtlpSpan.SPAN_KIND_PRODUCER: SpanKind.PRODUCER,
    OtlpSpan.SPAN_KIND_CONSUMER: SpanKind.CONSUMER,
}


class InvalidSpansError(ValueError):
    """What was sent is not OTLP traces; the message says why."""


def spans_of_protobuf(body: bytes) -> list[Span]:
    """The spans of an ``ExportTraceServiceRequest``; raises InvalidSpansError."""
    try:
        # the same bytes: a request has one field, and so has TracesData
        data = TracesData.FromString(body)
    except DecodeError as error:
        raise InvalidSpansError(f"the body is not an OTLP trace export: {error}") from error
    return list(_spans(data))


def spans_of_json(data: Mapping[str, Any]) -> list[Span]:
    """The spans of a ``TracesData`` in OTLP's JSON, with hexadecimal ids.

    Raises InvalidSpansError; fields that this version does not know are passed over.
    """
    try:
        parsed = ParseDict(_with_base64_ids(data), TracesData(), ignore_unknown_fields=True)
    except (ParseError, ValueError) as error:
        raise InvalidSpansError(f"this is not a trace in OTLP's JSON: {error}") from error
    return list(_spans(parsed))


def _spans(data: TracesData) -> Iterator[Span]:
    for of_resource in data.resource_spans:
        service = str(_attributes(of_resource.resource.attributes).get("service.name", "unknown"))
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield _span(span, service)


def _span(span: OtlpSpan, service: str) -> Span:
    return Span(
        trace_id=_id(span.trace_id, _TRACE_ID_BYTES, f"trace id of span {span.name!r}"),
        span_id=_id(span.span_id, _SPAN_ID_BYTES, f"span id of span {span.name!r}"),
        parent_id=span.parent_span_id.hex() if any(span.parent_span_id) else None,
        service=service,
        name=sys.intern(span.name),
        kind=_KINDS.get(span.kind, SpanKind.INTERNAL),
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        status=StatusCode.ERROR if span.status.code == StatusCode.ERROR.value else StatusCode.UNSET,
        status_message=span.status.message,
        attributes=_attributes(span.attributes),
        events=tuple(_event(event) for event in span.events),
        links=tuple(
            Link(trace_id=link.trace_id.hex(), span_id=link.span_id.hex()) for link in span.links
        ),
    )


def _id(value: bytes, size: int, what: str) -> str:
    if len(value) != size or not any(value):
        raise InvalidSpansError(f"the {what} is {value.hex()!r}: {size} bytes, not all zero, it is")
    return value.hex()


def _event(event: OtlpSpan.Event) -> SpanEvent:
    return SpanEvent(
        name=event.name, at_ns=event.time_unix_nano, attributes=_attributes(event.attributes)
    )


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, AttributeValue]:
    # the same few names in thousands of spans
    return {sys.intern(pair.key): _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> AttributeValue:
    match value.WhichOneof("value"):
        case None:
            return None
        case "array_value":
            return tuple(_value(item) for item in value.array_value.values)
        case "kvlist_value":
            return tuple(_attributes(value.kvlist_value.values).items())
        case kind:
            plain: AttributeValue = getattr(value, kind)
            return plain


def _with_base64_ids(value: Any) -> Any:
    """OTLP's JSON has hexadecimal ids where protobuf's own JSON has base64."""
    if isinstance(value, list):
        return [_with_base64_ids(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        name: _base64(item) if name in _HEXADECIMAL else _with_base64_ids(item)
        for name, item in value.items()
    }


def _base64(hexadecimal: object) -> str:
    return base64.b64encode(bytes.fromhex(str(hexadecimal))).decode()
