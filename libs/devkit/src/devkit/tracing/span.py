"""A span as it was exported."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.trace import SpanKind, StatusCode

AttributeValue = str | bool | int | float | bytes | tuple[Any, ...] | None

_NANOSECONDS_PER_MILLISECOND = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A span that this one is about without being its child, mostly of another trace."""

    trace_id: str
    span_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SpanEvent:
    name: str
    at_ns: int
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Ids are hexadecimal, in lower case; times are nanoseconds since the epoch.

    ``service`` is the exporting process's ``service.name``.
    """

    trace_id: str
    span_id: str
    parent_id: str | None
    service: str
    name: str
    kind: SpanKind
    start_ns: int
    end_ns: int
    status: StatusCode = StatusCode.UNSET
    status_message: str = ""
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict, hash=False)
    events: tuple[SpanEvent, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def duration_ms(self) -> float:
        return (self.end_ns - self.start_ns) / _NANOSECONDS_PER_MILLISECOND

    @property
    def is_error(self) -> bool:
        return self.status is StatusCode.ERROR

    def has(self, attributes: Mapping[str, AttributeValue]) -> bool:
        """All of them, each with exactly this value."""
        return all(self.attributes.get(name) == value for name, value in attributes.items())
