"""Sagas as a person reads them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from chassis.operations.database import shown

_STYLES: Final = {
    "NEEDS_ATTENTION": "bold red",
    "COMPENSATING": "yellow",
    "COMPENSATED": "yellow",
    "COMPLETED": "green",
    "refusal": "yellow",
    "timeout": "yellow",
    "deadline": "yellow",
    "parked": "bold red",
    "intervened": "cyan",
}
_HEAD: Final = (
    "saga_id",
    "saga_type",
    "version",
    "subject",
    "state",
    "step",
    "direction",
    "attempt",
    "created_at",
    "due_at",
    "deadline",
    "paused_at",
    "ended_at",
    "error",
    "parent",
    "branches",
    "trace_id",
)
_ENTRY: Final = ("step", "direction", "kind", "attempt", "seconds", "outcome", "detail")


def list_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """One line a saga."""
    table = Table(title=f"sagas: {len(rows)}")
    table.add_column("id", no_wrap=True)
    for column in ("type", "subject", "state", "step", "attempt", "age", "error"):
        table.add_column(column, overflow="fold")
    now = datetime.now(UTC)
    for row in rows:
        table.add_row(
            shown(row["saga_id"]),
            shown(f"{row['saga_type']} v{row['version']}"),
            shown(row["subject"]),
            _state(row),
            shown(_step(row)),
            shown(row["attempt"] or ""),
            shown(age(now - row["created_at"])),
            shown(row["error"]),
        )
    return table


def instance_table(told: Mapping[str, Any]) -> Table:
    """How a saga stands; what there is nothing to say about is left out."""
    table = Table(show_header=False, box=None)
    for name in _HEAD:
        if told[name] not in (None, ""):
            table.add_row(
                name.replace("_", " "), _state(told) if name == "state" else shown(told[name])
            )
    for action in told["actions"]:
        words = f"{action['action']} by {action['by']} ({action['reason']}): {action['outcome']}"
        table.add_row("action", shown(f"{words} {action['error'] or ''}".rstrip()))
    return table


def log_table(told: Mapping[str, Any]) -> Table:
    """What happened, in its order; `seconds` since the command for the step was sent."""
    table = Table(title="what happened")
    for column in ("at", *_ENTRY):
        table.add_column(column, overflow="fold")
    for entry in told["log"]:
        cells = [shown(entry[name]) for name in _ENTRY]
        at = entry["at"].astimezone(UTC).isoformat(" ", "milliseconds").removesuffix("+00:00")
        table.add_row(Text(at), *cells, style=_STYLES.get(entry["kind"]))
    return table


def remaining_table(told: Mapping[str, Any], package: str | None) -> RenderableType:
    """What is to come, as far as it is known."""
    if told["ended_at"] is not None:
        return Text(f"The saga has ended: {told['state']}.")
    if told["remaining"] is None:
        if package is None:
            return Text("With --package the steps to come are shown.")
        return Text(f"{package} has no {told['saga_type']} version {told['version']}.")
    table = Table(title="what is to come")
    for column in ("step", "kind", "may be skipped"):
        table.add_column(column)
    for step in told["remaining"]:
        skipped = "yes, by its condition" if step["may_be_skipped"] else ""
        table.add_row(shown(step["step"]), shown(step["kind"]), shown(skipped))
    return table


def age(passed: timedelta) -> str:
    """`42s`, `7m 12s`, `3h 5m` or `4d 2h`."""
    seconds = max(int(passed.total_seconds()), 0)
    for size, unit, smaller, name in ((86400, "d", 3600, "h"), (3600, "h", 60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit} {seconds % size // smaller}{name}"
    return f"{seconds // 60}m {seconds % 60}s" if seconds >= 60 else f"{seconds}s"  # noqa: PLR2004


def _state(row: Mapping[str, Any]) -> Text:
    paused = " (paused)" if row["paused_at"] is not None else ""
    return Text(f"{row['state']}{paused}", style=_STYLES.get(row["state"], ""))


def _step(row: Mapping[str, Any]) -> str:
    if row["step"] is None:
        return ""
    return f"undo {row['step']}" if row["direction"] == "compensation" else str(row["step"])
