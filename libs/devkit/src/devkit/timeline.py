"""A saga as a timeline, step by step."""

from datetime import datetime

from rich.table import Table

from devkit.models import Order, SagaHistory, SagaStep

_COLOURS = {"REFUSED": "red", "TIMEOUT": "red", "COMPENSATED": "yellow", "COMPLETED": "green"}


def timeline(order: Order, history: SagaHistory) -> Table:
    """When each step of an order's saga happened, counted from its first entry."""
    became = order.state.lower()
    if order.rejection_reason:
        became += f": {order.rejection_reason}"
    table = Table(
        title=f"{history.saga_type} of order {order.order_id}, {became}",
        title_justify="left",
        box=None,
        padding=(0, 2, 0, 0),
    )
    table.add_column("ms", justify="right")
    for column in ("what", "step", "outcome", "detail"):
        table.add_column(column)
    for step in history.steps:
        table.add_row(*_cells(step, history.steps[0].at))
    return table


def _cells(step: SagaStep, start: datetime) -> tuple[str, ...]:
    milliseconds = (step.at - start).total_seconds() * 1000
    name = step.step or ""
    if step.direction == "compensation":
        name = f"[yellow]undo[/] {name}"
    outcome = step.outcome or ""
    colour = _COLOURS.get(outcome.upper())
    return (
        f"{milliseconds:.1f}",
        step.kind,
        name,
        f"[{colour}]{outcome}[/]" if colour else outcome,
        step.detail or "",
    )
