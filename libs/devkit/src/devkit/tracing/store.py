"""Spans that were received, by trace, within bounds."""

import threading
from collections.abc import Iterable, Mapping
from itertools import chain, islice

from devkit.tracing.span import AttributeValue, Span
from devkit.tracing.trace import Trace, the_whole_one

SPANS = 20_000
"""Some 50 MB: spans of this system have a dozen attributes."""


class SpanStore:
    """Keeps at most ``limit`` spans; beyond that whole traces go, first come, first gone.

    A span that comes twice, as exporters send again what was not answered, is kept once. Of a trace
    that is gone, spans that come late are kept, as orphans. Safe to use from several threads.
    """

    def __init__(self, limit: int = SPANS) -> None:
        self._limit = limit
        self._traces: dict[str, dict[str, Span]] = {}
        self._count = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._count

    def add(self, spans: Iterable[Span]) -> None:
        with self._lock:
            for span in spans:
                of_trace = self._traces.setdefault(span.trace_id, {})
                self._count += span.span_id not in of_trace
                of_trace[span.span_id] = span
                if self._count > self._limit:
                    self._drop_the_oldest()

    def trace(self, trace_id: str) -> Trace | None:
        with self._lock:
            of_trace = self._traces.get(trace_id)
            return Trace.of(of_trace.values()) if of_trace else None

    def traces(self, attributes: Mapping[str, AttributeValue]) -> list[Trace]:
        """Traces with a span that has all of these attributes, in the order of their arrival."""
        with self._lock:
            return [
                Trace.of(of_trace.values())
                for of_trace in self._traces.values()
                if any(span.has(attributes) for span in of_trace.values())
            ]

    def newest(self, count: int) -> list[Trace]:
        """The traces that were begun last, the newest first."""
        with self._lock:
            last = islice(reversed(self._traces.values()), count)
            return [Trace.of(of_trace.values()) for of_trace in last]

    def linking_to(self, trace: Trace) -> list[Span]:
        """Spans of other traces that link to a span of this one, by their start."""
        with self._lock:
            others = chain.from_iterable(
                of_trace.values()
                for trace_id, of_trace in self._traces.items()
                if trace_id != trace.trace_id
            )
            found = [
                span
                for span in others
                if any(link.trace_id == trace.trace_id for link in span.links)
            ]
        return sorted(found, key=lambda span: (span.start_ns, span.span_id))

    def whole_trace(self, attributes: Mapping[str, AttributeValue]) -> Trace:
        """The one trace with such a span, complete: a probe for ``eventually``.

        AssertionError says what is missing.
        """
        return the_whole_one(self.traces(attributes), attributes)

    def _drop_the_oldest(self) -> None:
        oldest = next(iter(self._traces))
        self._count -= len(self._traces.pop(oldest))
