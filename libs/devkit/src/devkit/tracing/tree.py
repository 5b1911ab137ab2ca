"""A trace as a tree for the terminal."""

import io
from collections.abc import Iterable
from dataclasses import dataclass

from opentelemetry.trace import SpanKind
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from chassis.messaging.envelope import Direction
from devkit.tracing.outline import Line, outline
from devkit.tracing.span import Span
from devkit.tracing.time_scale import TimeScale
from devkit.tracing.trace import Trace

_PALETTE = ("cyan", "magenta", "green", "blue", "bright_cyan", "bright_magenta", "bright_green")
_RELAY = "-relay"
_NARROWEST_SCALE, _WIDEST_SCALE = 10, 40
_SPACES_BETWEEN = 3
_DOTS_OF_WIRE_TYPE = 2


@dataclass(frozen=True, slots=True)
class TraceTree:
    """For a rich console of at least 80 columns: a line a span with its service, when it was on the
    trace's time line, and how many milliseconds it took.

    A compensation is marked ``undo``; below what failed stands why. Spans that are folded into
    their parents (see ``outline``) are dotted on the time lines of these.
    """

    trace: Trace
    folding: bool = True

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        lines = list(outline(self.trace, folding=self.folding))
        widths = _Widths.of(lines, options.max_width)
        colours = _colours(self.trace.services)
        scale = TimeScale.of(self.trace.spans, widths.scale)
        table = _empty_table(widths, scale)
        above = ""
        for line in lines:
            service = line.span.service
            table.add_row(
                Text("" if service == above else service, colours[service]),
                _label(line),
                scale.bar(line.span, line.folded, _style(line.span) or colours[service]),
                _milliseconds(line.span),
            )
            if line.span.is_error:
                table.add_row("", _failure(line))
            above = service
        yield table


def as_text(trace: Trace, width: int = 100, *, folding: bool = True) -> str:
    """Without colours, and without spaces at the ends of lines."""
    console = Console(width=width, file=io.StringIO(), color_system=None, legacy_windows=False)
    with console.capture() as drawn:
        console.print(TraceTree(trace, folding))
    return "".join(f"{line.rstrip()}\n" for line in drawn.get().splitlines())


@dataclass(frozen=True, kw_only=True, slots=True)
class _Widths:
    service: int
    span: int
    scale: int
    milliseconds: int

    @classmethod
    def of(cls, lines: list[Line], all_together: int) -> "_Widths":
        """The time scale takes what the other columns leave, and cuts the names to have some."""
        service = max(len(line.span.service) for line in lines)
        milliseconds = max(len(_milliseconds(line.span)) for line in lines)
        span = max(max(_label(line).cell_len, _failure(line).cell_len) for line in lines)
        left = all_together - service - milliseconds - _SPACES_BETWEEN
        span = min(span, left - _NARROWEST_SCALE)
        return cls(
            service=service,
            span=span,
            scale=min(left - span, _WIDEST_SCALE),
            milliseconds=milliseconds,
        )


def _empty_table(widths: _Widths, scale: TimeScale) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("service", width=widths.service)
    table.add_column("span", width=widths.span, no_wrap=True, overflow="ellipsis")
    table.add_column(scale.heading, width=widths.scale, no_wrap=True)
    table.add_column("ms", width=widths.milliseconds, justify="right")
    return table


def _label(line: Line) -> Text:
    undo = "undo " if _is_compensation(line.span) else ""
    return Text.assemble(
        (line.indent, "dim"), (undo, "yellow"), line.span.name, (_message_type(line.span), "dim")
    )


def _message_type(span: Span) -> str:
    """Of a message that is made here: its wire type, without the context and the version."""
    if span.kind is not SpanKind.PRODUCER:
        return ""
    wire_type = str(span.attributes.get("cloudevents.event_type", ""))
    return " " + wire_type.split(".")[1] if wire_type.count(".") == _DOTS_OF_WIRE_TYPE else ""


def _failure(line: Line) -> Text:
    if not line.span.is_error:
        return Text()
    return Text.assemble((line.below, "dim"), (f"✗ {_reason(line.span)}", "red"))


def _reason(span: Span) -> str:
    return span.status_message or str(span.attributes.get("error.type", "failed"))


def _style(span: Span) -> str:
    if span.is_error:
        return "red"
    return "yellow" if _is_compensation(span) else ""


def _is_compensation(span: Span) -> bool:
    return span.attributes.get("saga.direction") == Direction.COMPENSATION


def _milliseconds(span: Span) -> str:
    return f"{span.duration_ms:,.1f}"


def _colours(services: Iterable[str]) -> dict[str, str]:
    """A relay has the colour of its service."""
    deployables = dict.fromkeys(service.removesuffix(_RELAY) for service in services)
    colours = {name: _PALETTE[i % len(_PALETTE)] for i, name in enumerate(deployables)}
    return {service: colours[service.removesuffix(_RELAY)] for service in services}
