"""A saga as a timeline, step by step; and a flow by choreography, event by event."""

from collections.abc import Sequence
from datetime import datetime

from rich.table import Table

from devkit.event_chain import ChainedEvent
from devkit.models import Order, SagaHistory, SagaStep

_COLOURS = {"REFUSED": "red", "TIMEOUT": "red", "COMPENSATED": "yellow", "COMPLETED": "green"}


def timeline(order: Order, history: SagaHistory) -> Table:
    """When each step of an order's saga happened, counted from its first entry."""
    became = order.state.lower()
    if order.rejection_reason:
        became += f": {order.rejection_reason}"
    title = f"{history.saga_type} of order {order.order_id}, {became}"
    table = _table(title, "what", "step", "outcome", "detail")
    for step in history.steps:
        table.add_row(*_cells(step, history.steps[0].at))
    return table


def event_timeline(chain: Sequence[ChainedEvent]) -> Table:
    """When each event about an order was published, by whom, and in reaction to what."""
    names = {event.message_id: event.name for event in chain}
    table = _table(f"Events of order {chain[0].key}", "event", "by", "in reaction to")
    for event in chain:
        cause = names.get(event.causation_id, "") if event.causation_id else ""
        table.add_row(_milliseconds(event.at, chain[0].at), event.name, event.source, cause)
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.add_column("ms", justify="right")
    for column in columns:
        table.add_column(column)
    return table


def _milliseconds(at: datetime, start: datetime) -> str:
    return f"{(at - start).total_seconds() * 1000:.1f}"


def _cells(step: SagaStep, start: datetime) -> tuple[str, ...]:
    name = step.step or ""
    if step.direction == "compensation":
        name = f"[yellow]undo[/] {name}"
    outcome = step.outcome or ""
    colour = _COLOURS.get(outcome.upper())
    return (
        _milliseconds(step.at, start),
        step.kind,
        name,
        f"[{colour}]{outcome}[/]" if colour else outcome,
        step.detail or "",
    )
