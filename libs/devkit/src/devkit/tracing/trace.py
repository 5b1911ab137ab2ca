"""What is asked about one trace."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

from devkit.tracing.span import AttributeValue, Span


class Place(NamedTuple):
    """Where in the system a span comes from."""

    service: str
    name: str

    @classmethod
    def of(cls, span: Span) -> Self:
        return cls(span.service, span.name)


class Edge(NamedTuple):
    """One place leads to another: parent and child, or what a link points at and who links."""

    before: Place
    after: Place


@dataclass(frozen=True, slots=True)
class Trace:
    """The spans of one trace, by their start; not necessarily all that there are."""

    trace_id: str
    spans: tuple[Span, ...]

    @classmethod
    def of(cls, spans: Iterable[Span]) -> Self:
        """At least one span; all are of one trace."""
        ordered = tuple(sorted(spans, key=lambda span: (span.start_ns, span.span_id)))
        return cls(ordered[0].trace_id, ordered)

    @property
    def services(self) -> list[str]:
        """In the order in which they came in."""
        return list(dict.fromkeys(span.service for span in self.spans))

    @property
    def roots(self) -> list[Span]:
        return [span for span in self.spans if span.parent_id is None]

    @property
    def orphans(self) -> list[Span]:
        """Spans whose parent is not there: it has not arrived yet, or it was lost."""
        known = self._by_id
        return [span for span in self.spans if span.parent_id and span.parent_id not in known]

    @property
    def is_complete(self) -> bool:
        """It has its root and no orphans. A span without children may still be on its way."""
        return bool(self.roots) and not self.orphans

    @property
    def edges(self) -> set[Edge]:
        """From parents to children."""
        known = self._by_id
        return {
            Edge(Place.of(known[span.parent_id]), Place.of(span))
            for span in self.spans
            if span.parent_id in known
        }

    @property
    def links(self) -> set[Edge]:
        """From what is linked to whoever links, where both are in this trace."""
        known = self._by_id
        return {
            Edge(Place.of(known[link.span_id]), Place.of(span))
            for span in self.spans
            for link in span.links
            if link.span_id in known
        }

    def children(self, parent: Span) -> list[Span]:
        return [span for span in self.spans if span.parent_id == parent.span_id]

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    @property
    def _by_id(self) -> dict[str | None, Span]:
        return {span.span_id: span for span in self.spans}


def the_whole_one(traces: list[Trace], attributes: Mapping[str, AttributeValue]) -> Trace:
    """The only one of the traces that were found by these attributes, and complete.

    AssertionError says what is missing.
    """
    assert len(traces) == 1, f"{len(traces)} traces have a span with {dict(attributes)}"
    (trace,) = traces
    assert trace.roots, f"the root of trace {trace.trace_id} has not arrived"
    assert not trace.orphans, (
        f"the parents of {[span.name for span in trace.orphans]} have not arrived"
    )
    return trace
