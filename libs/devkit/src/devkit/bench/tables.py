"""The figures for people."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from devkit.bench.bounds import Verdict, bounds
from devkit.bench.figures import Figures, OutboxComparison, SagaComparison, SagaRounds
from devkit.bench.relay import RelayFigures
from devkit.bench.spread import Spread
from devkit.bench.views import ViewFigures

_COLOURS = {Verdict.AIM: "green", Verdict.FLOOR: "yellow", Verdict.MISSED: "red"}


def show_figures(figures: Figures, console: Console) -> None:
    """A table for each part that was measured, and one of all floors and aims."""
    tables = (
        figures.relay and _relay(figures.relay),
        figures.sagas and _sagas(figures.sagas),
        figures.views and _views(figures.views),
        figures.faststream_outbox and _outbox(figures.faststream_outbox),
        figures.dbos and _dbos(figures.dbos),
        _bounds(figures),
    )
    for table in tables:
        if table is not None:
            console.print(table)


def _bounds(figures: Figures) -> Table:
    table = _table("against its bounds", "measured", "floor", "aim", "")
    for bound in bounds(figures):
        colour = _COLOURS[bound.verdict]
        measured = f"[{colour}]{bound.value:,.4g} {bound.unit}[/]"
        limits = (f"{bound.floor:.3g}", f"{bound.aim:.3g}")
        table.add_row(bound.figure, measured, *limits, f"[{colour}]{bound.verdict}[/]")
    return table


def _relay(relay: RelayFigures) -> Table:
    table = _table("relay", "")
    table.add_row("messages drained a second", f"{relay.messages_per_s:,.0f}")
    table.add_row("bare atomic batches, messages a second", f"{relay.bare_messages_per_s:,.0f}")
    table.add_row("CPU of 1,000 messages", f"{relay.cpu_ms_per_1000_messages:.1f} ms")
    for rate, latency in relay.latency_ms.items():
        table.add_row(
            f"commit → stream at {rate} a second, p50 / p99",
            f"{latency.p50:.2f} / {latency.p99:.2f} ms",
        )
    return table


def _sagas(sagas: SagaRounds) -> Table:
    table = _table("sagas", "min", "median", "max")
    table.add_row("sagas a second", *_cells(sagas.sagas_per_s, 0))
    table.add_row("statements a saga", *_cells(sagas.statements, 1))
    table.add_row("placed → decided at 20 a second, p50, ms", *_cells(sagas.p50_ms, 1))
    table.add_row("placed → decided at 20 a second, p99, ms", *_cells(sagas.p99_ms, 1))
    table.add_row("CPU of a saga, ms", *_cells(sagas.cpu_ms, 2))
    _add_processes(table, sagas.cpu_ms_by_process)
    return table


def _views(views: ViewFigures) -> Table:
    table = _table("views", "")
    table.add_row(
        f"rebuild from {views.events:,} events, a second", f"{views.rebuild_events_per_s:,.0f}"
    )
    table.add_row("CPU of 1,000 events", f"{views.cpu_ms_per_1000_events:.1f} ms")
    table.add_row(
        f"seconds: rebuild / {views.rows:,} rows by INSERT / by COPY",
        f"{views.rebuild_seconds:.1f} / {views.bulk_insert_seconds:.1f} / "
        f"{views.bulk_copy_seconds:.1f}",
    )
    table.add_row(
        "speed against INSERT / COPY in bulk",
        f"{views.ratio_to_bulk_insert:.2f} / {views.ratio_to_copy:.2f}",
    )
    table.add_row("events that came meanwhile, a second", f"{views.live_events_per_s:,.0f}")
    table.add_row(
        "published → shown meanwhile, p50 / p99",
        f"{views.live_lag_p50_ms:.0f} / {views.live_lag_p99_ms:.0f} ms",
    )
    return table


def _add_processes(table: Table, cpu_ms: Mapping[str, float]) -> None:
    for name, milliseconds in cpu_ms.items():
        table.add_row(f"  [dim]{name}[/]", "", f"[dim]{milliseconds:.2f}[/]", "")


def _outbox(comparison: OutboxComparison) -> Table:
    table = _table("in turns with faststream-outbox", "min", "median", "max")
    table.add_row("the relay, messages a second", *_cells(Spread.of(comparison.relay), 0))
    table.add_row("faststream-outbox", *_cells(Spread.of(comparison.peer), 0))
    table.add_row("ratio within a round", *_cells(comparison.ratio, 1))
    return table


def _dbos(comparison: SagaComparison) -> Table:
    ours, peer = comparison.ours, comparison.peer
    table = _table("in turns with DBOS", "min", "median", "max")
    table.add_row("sagas a second, here", *_cells(ours.sagas_per_s, 0))
    table.add_row("sagas a second, DBOS", *_cells(peer.sagas_per_s, 1))
    table.add_row("ratio within a round", *_cells(comparison.sagas_ratio, 1))
    table.add_section()
    table.add_row("CPU of a saga, ms, DBOS", *_cells(peer.cpu_ms, 1))
    table.add_row("ratio within a round", *_cells(comparison.cpu_ratio, 3))
    table.add_section()
    table.add_row("p50 at 20 a second, ms, DBOS", *_cells(peer.p50_ms, 1))
    table.add_row("p99 at 20 a second, ms, DBOS", *_cells(peer.p99_ms, 1))
    table.add_row("ratio of p50 within a round", *_cells(comparison.p50_ratio, 3))
    table.add_section()
    table.add_row("statements a saga, DBOS", *_cells(peer.statements, 1))
    return table


def _cells(spread: Spread, digits: int) -> tuple[str, str, str]:
    return (
        f"{spread.min:,.{digits}f}",
        f"{spread.median:,.{digits}f}",
        f"{spread.max:,.{digits}f}",
    )


def _table(first: str, *others: str) -> Table:
    table = Table()
    table.add_column(first)
    for column in others:
        table.add_column(column, justify="right")
    return table
