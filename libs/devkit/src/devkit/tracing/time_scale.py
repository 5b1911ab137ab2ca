"""Where on a trace's time line a span lies."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from rich.text import Text

from devkit.tracing.span import Span

_OWN, _FOLDED = "━", "┄"
_NANOSECONDS_PER_MILLISECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class TimeScale:
    """From the first start to the last end, drawn over ``width`` columns."""

    start_ns: int
    end_ns: int
    width: int

    @classmethod
    def of(cls, spans: Iterable[Span], width: int) -> Self:
        """At least one span."""
        known = list(spans)
        start = min(span.start_ns for span in known)
        return cls(start, max(span.end_ns for span in known), width)

    @property
    def heading(self) -> str:
        end = f"{(self.end_ns - self.start_ns) / _NANOSECONDS_PER_MILLISECOND:,.0f} ms"
        return "0" + end.rjust(self.width - 1)

    def bar(self, span: Span, folded: Iterable[Span], style: str) -> Text:
        """The span, however short, on at least one column; ``folded`` spans where it is not."""
        cells = [" "] * self.width
        for other in folded:
            self._draw(other, _FOLDED, cells)
        self._draw(span, _OWN, cells)
        return Text("".join(cells), style)

    def _draw(self, span: Span, mark: str, cells: list[str]) -> None:
        first = min(self._column(span.start_ns), self.width - 1)
        last = max(self._column(span.end_ns), first + 1)
        cells[first:last] = mark * (last - first)

    def _column(self, at_ns: int) -> int:
        whole = max(self.end_ns - self.start_ns, 1)
        return round((at_ns - self.start_ns) / whole * self.width)
