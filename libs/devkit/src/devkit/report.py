"""Tables for people."""

from collections import Counter

from rich.console import Console
from rich.table import Table

from devkit.demo import Demonstration
from devkit.findings import Findings
from devkit.models import OrderState
from devkit.outcome import Outcome
from devkit.platform import NATS, POSTGRESQL, Addresses
from devkit.remembered import Remembered
from devkit.run_folder import RunFolder
from devkit.saga_counts import SagaCounts
from devkit.stories import show_stories
from devkit.tracing.destination import SpanDestination

_SHOWN_FAULTS = 20
_SHOWN_ORDERS = 5


def show_demonstration(
    demonstration: Demonstration,
    destination: SpanDestination,
    console: Console,
    *,
    with_lines: bool,
) -> None:
    """The table of what happened, the two stories, the history, and the verdict."""
    console.print()
    console.print(_outcome_table(demonstration.outcome))
    console.print(_saga_table(demonstration.sagas))
    if with_lines:
        console.print(_line_table(demonstration))
    for note in demonstration.scenario.notes:
        console.print(f"  {note}")
    show_stories(demonstration.stories, destination, console)
    console.print()
    console.print(_history_table(demonstration.history))
    console.print(_newest_table(demonstration.history))
    console.print()
    _show_verdict(demonstration.outcome, console)


def show_findings(findings: Findings, console: Console) -> None:
    """What was found after the killing."""
    table = _plain_table("after killing", "")
    for name, value in findings.as_json().items():
        table.add_row(name.replace("_", " "), str(value))
    console.print(table)
    _show_faults(findings.sentences, console)


def show_addresses(
    addresses: Addresses, folder: RunFolder, destination: SpanDestination, console: Console
) -> None:
    """Where everything can be reached: lines that are not wrapped, to copy from."""
    places = {name: f"{url}/docs" for name, url in addresses.http.items()}
    places |= {f"{name} relay": f"{url}/metrics" for name, url in addresses.relays.items()}
    places[NATS] = addresses.nats
    places |= {f"{POSTGRESQL} of {name}": url for name, url in addresses.postgresql.items()}
    places["traces"] = destination.told
    places["logs"] = str(folder.logs)
    for name, place in places.items():
        console.print(f"  {name:<32}{place}", soft_wrap=True, markup=False)


def _show_verdict(outcome: Outcome, console: Console) -> None:
    _show_faults(outcome.disagreements, console)
    if outcome.in_flight:
        console.print(f"[red]✗[/] {outcome.in_flight} orders, shipments or sagas are in flight")
    if outcome.is_sound:
        console.print("[green]✓[/] money, stock and shipments agree across all services")


def _show_faults(sentences: tuple[str, ...], console: Console) -> None:
    for sentence in sentences[:_SHOWN_FAULTS]:
        console.print(f"[red]✗[/] {sentence}")
    if len(sentences) > _SHOWN_FAULTS:
        console.print(f"[red]✗[/] … and {len(sentences) - _SHOWN_FAULTS} more")


def _line_table(demonstration: Demonstration) -> Table:
    lines: Counter[OrderState] = Counter()
    for order in demonstration.outcome.orders:
        lines[order.state] += len(order.lines)
    table = _plain_table("order lines", "")
    table.add_row("read", str(sum(len(o.lines) for o in demonstration.scenario.orders)))
    for state, count in sorted(lines.items()):
        table.add_row(f"in {state.lower().replace('_', ' ')} orders", str(count))
    return table


def _outcome_table(outcome: Outcome) -> Table:
    table = _plain_table("orders", "")
    table.add_row("placed", str(len(outcome.orders)))
    table.add_row("approved", str(outcome.approved))
    for reason, count in sorted(outcome.rejected.items()):
        table.add_row(f"rejected: {reason}", str(count))
    table.add_row("cancelled", str(outcome.cancelled))
    table.add_section()
    table.add_row("delivered", str(outcome.delivered))
    table.add_row("shipment failed", str(outcome.shipment_failed))
    table.add_row("in flight", str(outcome.in_flight))
    table.add_section()
    table.add_row("placed to decided, p50", f"{outcome.saga_ms(50):,.1f} ms")
    table.add_row("placed to decided, p99", f"{outcome.saga_ms(99):,.1f} ms")
    table.add_section()
    table.add_row("messages relayed", f"{outcome.messages.relayed:,}")
    table.add_row("duplicates dropped", f"{outcome.messages.duplicates_dropped:,}")
    table.add_row("dead letters", f"{outcome.messages.dead_lettered:,}")
    return table


def _saga_table(sagas: SagaCounts) -> Table:
    table = _plain_table("sagas", "completed", "compensated")
    for saga, ended in sorted(sagas.ended.items()):
        table.add_row(saga, str(ended.get("completed", 0)), str(ended.get("compensated", 0)))
    return table


def _history_table(history: Remembered) -> Table:
    table = _plain_table("in the history, by state", "")
    for state, count in sorted(history.by_state.items()):
        table.add_row(state.lower().replace("_", " "), str(count))
    return table


def _newest_table(history: Remembered) -> Table:
    table = _plain_table("newest", "customer", "items", "state", "")
    for order in history.orders[:_SHOWN_ORDERS]:
        items = ", ".join(f"{item.quantity} {item.product_name or '?'}" for item in order.items)
        placed = f"{order.placed_at:%H:%M:%S}"
        who = order.customer_name or order.customer_id
        table.add_row(placed, who, items, order.state.lower(), f"{order.total:,}")
    return table


def _plain_table(*columns: str) -> Table:
    first, *others = columns
    table = Table()
    table.add_column(first)
    for column in others:
        table.add_column(column, justify="right" if not column else "left", overflow="fold")
    return table
