"""A trace in the order in which it is read, one line a span."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from opentelemetry.trace import SpanKind

from devkit.tracing.span import Span
from devkit.tracing.trace import Trace

_BRANCH, _LAST_BRANCH = "├ ", "└ "
_BESIDE_BRANCH, _BELOW_LAST = "│ ", "  "


@dataclass(frozen=True, slots=True)
class Line:
    """``indent`` holds the branches that lead here; ``below``, what continues under it.

    ``folded`` are children that get no line of their own.
    """

    span: Span
    indent: str
    below: str
    folded: tuple[Span, ...]


def outline(trace: Trace, *, folding: bool = True) -> Iterator[Line]:
    """Each span under its parent, siblings by their start.

    An only child stands in its parent's column: a saga, whose spans follow from each other, reads
    from top to bottom, and only what branches is indented. With ``folding``, calls that led to
    nothing else in the trace are folded into their parents, such as a relay's ``publish``.
    """
    children = _children(trace)
    tops = sorted([*trace.roots, *trace.orphans], key=trace.spans.index)
    waiting = [(top, "", "") for top in reversed(tops)]
    while waiting:
        span, indent, below = waiting.pop()
        under = children[span.span_id]
        folded = [child for child in under if folding and _is_folded(child, children)]
        shown = [child for child in under if child not in folded]
        below_here = below + (_BESIDE_BRANCH if len(shown) > 1 else "")
        yield Line(span, indent, below_here, tuple(folded))
        waiting.extend(reversed(_placed(shown, below)))


def _placed(siblings: list[Span], under: str) -> list[tuple[Span, str, str]]:
    if len(siblings) <= 1:
        return [(only, under, under) for only in siblings]
    *others, last = siblings
    return [
        *((span, under + _BRANCH, under + _BESIDE_BRANCH) for span in others),
        (last, under + _LAST_BRANCH, under + _BELOW_LAST),
    ]


def _is_folded(span: Span, children: dict[str | None, list[Span]]) -> bool:
    return span.kind is SpanKind.CLIENT and not span.is_error and not children[span.span_id]


def _children(trace: Trace) -> dict[str | None, list[Span]]:
    children: dict[str | None, list[Span]] = defaultdict(list)
    for span in trace.spans:
        children[span.parent_id].append(span)
    return children
