"""A flow by choreography as a timeline, event by event."""

from collections.abc import Sequence

from rich.table import Table

from devkit.event_chain import ChainedEvent


def event_timeline(chain: Sequence[ChainedEvent]) -> Table:
    """When each event about an order was published, by whom, and in reaction to what."""
    names = {event.message_id: event.name for event in chain}
    table = Table(
        title=f"Events of order {chain[0].key}",
        title_justify="left",
        box=None,
        padding=(0, 2, 0, 0),
    )
    table.add_column("ms", justify="right")
    for column in ("event", "by", "in reaction to"):
        table.add_column(column)
    for event in chain:
        cause = names.get(event.causation_id, "") if event.causation_id else ""
        milliseconds = (event.at - chain[0].at).total_seconds() * 1000
        table.add_row(f"{milliseconds:.1f}", event.name, event.source, cause)
    return table
