"""Spans as bytes of the OpenTelemetry protocol, at a third of the cost of the library's encoder.

Most attributes of a span have one of few values, whose bytes are remembered. The test compares with
what the library's encoder says.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from struct import Struct
from typing import Any, Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceState

from chassis.telemetry import conventions as c

_VARINT: Final = 0
_BYTES: Final = 2

_fixed64: Final = Struct("<Q").pack
_fixed32: Final = Struct("<I").pack
_double: Final = Struct("<d").pack
_REMOTE_IS_KNOWN: Final = 0x100
_IS_REMOTE: Final = 0x200
_SEVEN_BITS: Final = 0x7F
_SIXTY_FOUR_BITS: Final = (1 << 64) - 1
_NEVER_THE_SAME: Final = {
    c.MESSAGE_ID,
    c.CONVERSATION_ID,
    c.SAGA_ID,
    c.SAGA_SUBJECT,
    c.STREAM_SEQUENCE,
    c.OUTBOX_DELAY,
}


def encode_request(spans: Iterable[ReadableSpan]) -> bytes:
    """The body of an export: an `ExportTraceServiceRequest`."""
    scopes: defaultdict[tuple[int, int], list[ReadableSpan]] = defaultdict(list)
    for span in spans:
        scopes[id(span.resource), id(span.instrumentation_scope)].append(span)
    return b"".join(_resource_spans(group) for group in scopes.values())


def _resource_spans(group: Sequence[ReadableSpan]) -> bytes:
    """Spans of one resource and one scope."""
    resource, scope = group[0].resource, group[0].instrumentation_scope
    scope_spans = [
        _field(1, _scope(scope)),
        *(_field(2, _span(span)) for span in group),
        _text(3, scope.schema_url if scope else None),
    ]
    return _field(
        1,
        _field(1, _resource(resource))
        + _field(2, b"".join(scope_spans))
        + _text(3, resource.schema_url),
    )


def _resource(resource: Resource) -> bytes:
    return _attributes(1, resource.attributes)


def _scope(scope: InstrumentationScope | None) -> bytes:
    if scope is None:
        return b""
    return _text(1, scope.name) + _text(2, scope.version) + _attributes(3, scope.attributes)


def _span(span: ReadableSpan) -> bytes:
    context = span.get_span_context()
    assert context is not None, "an exported span has a context"
    return b"".join(
        (
            b"\x0a\x10",
            context.trace_id.to_bytes(16, "big"),
            b"\x12\x08",
            context.span_id.to_bytes(8, "big"),
            _trace_state(context.trace_state),
            b"\x22\x08" + span.parent.span_id.to_bytes(8, "big") if span.parent else b"",
            _text(5, span.name),
            _number(6, span.kind.value + 1),
            b"\x39",
            _fixed64(span.start_time or 0),
            b"\x41",
            _fixed64(span.end_time or 0),
            _attributes(9, span.attributes),
            _number(10, span.dropped_attributes),
            *(_field(11, _event(event)) for event in span.events),
            _number(12, span.dropped_events),
            *(_field(13, _link(link)) for link in span.links),
            _number(14, span.dropped_links),
            _status(span.status),
            b"\x85\x01",
            _fixed32(_flags(span.parent)),
        )
    )


def _event(event: Event) -> bytes:
    return b"".join(
        (
            b"\x09",
            _fixed64(event.timestamp),
            _text(2, event.name),
            _attributes(3, event.attributes),
            _number(4, event.dropped_attributes),
        )
    )


def _link(link: Link) -> bytes:
    return b"".join(
        (
            b"\x0a\x10",
            link.context.trace_id.to_bytes(16, "big"),
            b"\x12\x08",
            link.context.span_id.to_bytes(8, "big"),
            _attributes(4, link.attributes),
            _number(5, link.dropped_attributes),
            b"\x35",
            _fixed32(_flags(link.context)),
        )
    )


def _status(status: Status) -> bytes:
    if status.status_code is StatusCode.UNSET:
        return b"\x7a\x00"
    return _field(15, _text(2, status.description) + _number(3, status.status_code.value))


def _flags(context: SpanContext | None) -> int:
    return _REMOTE_IS_KNOWN | (_IS_REMOTE if context is not None and context.is_remote else 0)


def _trace_state(state: TraceState) -> bytes:
    return _text(3, ",".join(f"{key}={value}" for key, value in state.items())) if state else b""


def _attributes(number: int, attributes: Mapping[str, Any] | None) -> bytes:
    if not attributes:
        return b""
    return b"".join([_encoded(number, key, value) for key, value in attributes.items()])


def _encoded(number: int, key: str, value: Any) -> bytes:
    if key in _NEVER_THE_SAME or not value.__hash__:
        return _attribute(number, key, value)
    return _remembered(number, key, value)


def _attribute(number: int, key: str, value: Any) -> bytes:
    return _field(number, _key(key) + _field(2, _value(value)))


_remembered = lru_cache(maxsize=4096, typed=True)(_attribute)


@lru_cache(maxsize=1024)
def _key(key: str) -> bytes:
    return _text(1, key)


def _value(value: Any) -> bytes:
    encoded = b""
    match value:
        case bool():
            encoded = b"\x10\x01" if value else b"\x10\x00"
        case str():
            encoded = _field(1, value.encode())
        case int():
            encoded = b"\x18" + _varint(value & _SIXTY_FOUR_BITS)
        case float():
            encoded = b"\x21" + _double(value)
        case bytes():
            encoded = _field(7, value)
        case [*items]:
            encoded = _field(5, b"".join(_field(1, _value(item)) for item in items))
    return encoded


def _text(number: int, text: str | None) -> bytes:
    return _field(number, text.encode()) if text else b""


def _number(number: int, value: int) -> bytes:
    return _SMALL[number << 3 | _VARINT] + _varint(value) if value else b""


def _field(number: int, payload: bytes) -> bytes:
    """Fields up to 15, whose tags are one byte."""
    size = len(payload)
    tag = _SMALL[number << 3 | _BYTES]
    return tag + (_SMALL[size] if size <= _SEVEN_BITS else _varint(size)) + payload


def _varint(value: int) -> bytes:
    if value <= _SEVEN_BITS:
        return _SMALL[value]
    parts = bytearray()
    while value > _SEVEN_BITS:
        parts.append(value & _SEVEN_BITS | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


_SMALL: Final = tuple(bytes((value,)) for value in range(_SEVEN_BITS + 1))
