"""Trace contexts on the wire: W3C `traceparent`, `tracestate` and `baggage`."""

from collections.abc import Mapping

from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.trace import NonRecordingSpan, SpanContext, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_W3C = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])


def carrier_of(context: Context) -> dict[str, str]:
    """The headers that carry a context, sampled or not."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier, context)
    return carrier


def context_of(headers: Mapping[str, str]) -> Context:
    """The context that headers in lower case carry; an empty one where there is none."""
    return _W3C.extract(headers, Context())


def within(span: SpanContext, context: Context) -> Context:
    """The context with this span as the current one, and the same baggage."""
    return set_span_in_context(NonRecordingSpan(span), context)
