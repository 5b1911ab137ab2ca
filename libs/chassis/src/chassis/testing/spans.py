"""Tracing in memory: what the code under test would export."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chassis.telemetry.committed import CommittedSpans
from chassis.telemetry.current import use_tracing
from chassis.telemetry.export import new_provider
from chassis.telemetry.tracing import LINK_AFTER, Tracing


class ExportedSpans:
    """The spans so far, and the tracing that makes them."""

    def __init__(self, link_after: timedelta) -> None:
        self._memory = InMemorySpanExporter()
        processor: SpanProcessor = CommittedSpans(SimpleSpanProcessor(self._memory))
        self.provider = new_provider("under-test", processor)
        self.tracing = Tracing(self.provider, processor, link_after=link_after)

    @property
    def all(self) -> tuple[ReadableSpan, ...]:
        return self._memory.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        """In the order of their end."""
        return [span for span in self.all if span.name == name]


@contextmanager
def exported_spans(link_after: timedelta = LINK_AFTER) -> Iterator[ExportedSpans]:
    """Trace everything that this process does in the block."""
    spans = ExportedSpans(link_after)
    use_tracing(spans.tracing)
    try:
        yield spans
    finally:
        use_tracing(None)
