"""Trace contexts on the wire: W3C `traceparent`, `tracestate` and `baggage`."""

import re
from collections.abc import Mapping

from opentelemetry.baggage import get_all
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis.messaging.headers import TRACE_PARENT

_W3C = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])


# Nearly all contexts look like this, and propagators take four times as long
_PLAIN = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


def carrier_of(context: Context) -> dict[str, str]:
    """The headers that carry a context, sampled or not."""
    span = get_current_span(context).get_span_context()
    if span.is_valid and not span.trace_state and not get_all(context):
        plain = f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"
        return {TRACE_PARENT: plain}
    carrier: dict[str, str] = {}
    _W3C.inject(carrier, context)
    return carrier


def context_of(headers: Mapping[str, str]) -> Context:
    """The context that headers in lower case carry; an empty one where there is none."""
    plain = _PLAIN.fullmatch(headers.get(TRACE_PARENT, ""))
    if plain is None or "tracestate" in headers or "baggage" in headers:
        return _W3C.extract(headers, Context())
    trace_id, span_id, flags = (int(part, 16) for part in plain.groups())
    span = SpanContext(trace_id, span_id, True, TraceFlags(flags))
    return within(span, Context()) if span.is_valid else Context()


def within(span: SpanContext, context: Context) -> Context:
    """The context with this span as the current one, and the same baggage."""
    return set_span_in_context(NonRecordingSpan(span), context)
