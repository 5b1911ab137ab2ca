"""The sagas of single orders, told by their traces."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from devkit.models import Order, SagaHistory
from devkit.tracing.destination import SpanDestination
from devkit.tracing.store import SpanStore
from devkit.tracing.trace import Trace
from devkit.tracing.tree import TraceTree


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """An order and its first saga."""

    order: Order
    saga: SagaHistory

    @property
    def title(self) -> str:
        became = self.order.state.lower().replace("_", " ")
        reason = f": {self.order.rejection_reason}" if self.order.rejection_reason else ""
        return f"{self.saga.saga_type} of order {self.order.order_id}, {became}{reason}"

    def trace(self, spans: SpanStore | None) -> Trace | None:
        if spans is None or self.saga.trace_id is None:
            return None
        return spans.trace(self.saga.trace_id)


def described(stories: Mapping[str, Story], spans: SpanStore | None) -> dict[str, Any]:
    """As JSON; without ``spans`` only the ids are known."""
    return {name: _described(story, story.trace(spans)) for name, story in stories.items()}


def show_stories(
    stories: Mapping[str, Story], destination: SpanDestination, console: Console
) -> None:
    """The trees of the traces; where these are elsewhere, what to look for there."""
    if destination.spans is None:
        ids = [f"{name} in trace {story.saga.trace_id}" for name, story in stories.items()]
        traced = any(story.saga.trace_id for story in stories.values())
        console.print()
        console.print("; ".join([destination.told, *(ids if traced else ())]), soft_wrap=True)
        return
    for story in stories.values():
        console.print()
        console.print(story.title, soft_wrap=True)
        _show(story.trace(destination.spans), console)


def _show(trace: Trace | None, console: Console) -> None:
    if trace is None:
        console.print("[dim]its spans have not arrived, or have gone for newer ones[/]")
        return
    console.print(f"[dim]trace {trace.trace_id}, {len(trace.spans)} spans[/]")
    console.print(TraceTree(trace))
    if not trace.is_complete:
        console.print(f"[dim]incomplete: {len(trace.orphans)} spans wait for their parents[/]")


def _described(story: Story, trace: Trace | None) -> dict[str, Any]:
    return {
        "trace_id": story.saga.trace_id,
        "services": trace.services if trace else None,
        "spans": len(trace.spans) if trace else None,
    }
