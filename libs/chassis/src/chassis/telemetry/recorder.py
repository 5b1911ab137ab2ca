"""Spans that are known in full when they are recorded.

A span of the SDK costs 25 to 50 µs to start and to end; one that is made at its end, with all that
is said of it, 4. It also need not be held open: a saga's step lasts across processes and restarts.
The SDK has no public door for that, so this is the one module that makes spans itself; the
OpenTelemetry set is pinned as a whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opentelemetry.context import Context
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import Decision, ParentBased
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    INVALID_SPAN_CONTEXT,
    Link,
    SpanContext,
    SpanKind,
    Status,
    TraceFlags,
    get_current_span,
)
from opentelemetry.util.types import AttributeValue

from chassis.telemetry.conventions import SCOPE

Attributes = Mapping[str, AttributeValue]

_UNSET = Status()


@dataclass(slots=True, kw_only=True)  # frozen would cost three times as much to make
class Recorded:
    """A span, complete. Times are nanoseconds since 1970."""

    name: str
    kind: SpanKind
    context: SpanContext
    parent: SpanContext | None
    attributes: Attributes
    start: int
    end: int
    links: Sequence[Link] = ()
    events: Sequence[Event] = ()
    status: Status = _UNSET


class Recorder:
    """Makes span contexts as the sampler decides, and records spans for those sampled."""

    def __init__(self, provider: TracerProvider, processor: SpanProcessor) -> None:
        self._provider = provider
        self._processor = processor
        self._scope = InstrumentationScope(SCOPE)
        # what the standard variables can choose of this kind decides about roots only
        self._follows_parents = isinstance(provider.sampler, ParentBased)

    def new_context(
        self, name: str, kind: SpanKind, within: Context, parent: SpanContext | None
    ) -> SpanContext:
        """For a span below `parent`, which is the current one of `within`, or for a new root."""
        if parent is not None and self._follows_parents:
            return self.child_of(parent)
        ids = self._provider.id_generator
        trace_id = parent.trace_id if parent else ids.generate_trace_id()
        sampling = self._provider.sampler.should_sample(within, trace_id, name, kind)
        others = parent.trace_flags & ~TraceFlags.SAMPLED if parent else 0
        is_sampled = sampling.decision is Decision.RECORD_AND_SAMPLE
        flags = TraceFlags(others | (TraceFlags.SAMPLED if is_sampled else TraceFlags.DEFAULT))
        return SpanContext(trace_id, ids.generate_span_id(), False, flags, sampling.trace_state)

    def child_of(self, parent: SpanContext) -> SpanContext:
        """For a span below another, sampled as that is, without asking the sampler."""
        span_id = self._provider.id_generator.generate_span_id()
        return SpanContext(parent.trace_id, span_id, False, parent.trace_flags, parent.trace_state)

    def record(self, span: Recorded) -> None:
        """Export a span, if its context is sampled."""
        if not span.context.trace_flags.sampled:
            return
        self._processor.on_end(
            ReadableSpan(
                span.name,
                span.context,
                span.parent,
                self._provider.resource,
                span.attributes,
                span.events,
                span.links,
                span.kind,
                None,
                span.status,
                span.start,
                span.end,
                self._scope,
            )
        )


def parent_of(context: Context) -> SpanContext | None:
    """The context's current span, if it has one."""
    span = get_current_span(context).get_span_context()
    return None if span is INVALID_SPAN_CONTEXT or not span.is_valid else span
