"""Taking a service's snapshots where no relay runs."""

import asyncio
from collections.abc import Iterable
from importlib import import_module
from typing import Any, Final

from chassis.messaging.contracts import Event, Message
from chassis.messaging.envelope import ReceivedMessage
from chassis.messaging.topology import ServiceTopology
from chassis.persistence.database import Database, fetch_all
from chassis.snapshots.declaration import snapshots_of
from chassis.snapshots.run import SnapshotRun, events_of
from chassis.testing.outbox import read_header_block

_FAST: Final = 1_000_000
_LOOK_SECONDS: Final = 0.01
_TAKE: Final = "DELETE FROM outbox RETURNING id, headers, body"


async def taken_snapshots(database: Database, package: str) -> list[Message]:
    """All that one run of an installed service publishes, markers last."""
    topology: ServiceTopology = import_module(f"{package}.messaging.topology").TOPOLOGY
    declared = snapshots_of(package)
    run = SnapshotRun(
        database, declared, events_of(topology), rate=_FAST, report=lambda _progress: None
    )
    types = {one.wire_type: one for one in (declared.taken, *(one.event for one in declared.of))}
    return [
        types[message.wire_type].from_body(message.body)
        for message in await relayed(database, run)
        if message.wire_type in types
    ]


def folded(events: Iterable[Event]) -> dict[str, Any]:
    """What events of one aggregate say together: each field as the last one has it."""
    said: dict[str, Any] = {}
    for event in events:
        said |= event.model_dump()
    return said


async def relayed(database: Database, run: SnapshotRun) -> list[ReceivedMessage]:
    """What a run puts into the outbox, which is emptied meanwhile as a relay does."""
    running = asyncio.create_task(run.publish())
    sent = []
    while not running.done():
        sent += await _take(database)
        await asyncio.sleep(_LOOK_SECONDS)
    await running
    return sent + await _take(database)


async def _take(database: Database) -> list[ReceivedMessage]:
    async with database.sessions.begin() as session:
        rows = await fetch_all(session, _TAKE)
    return [
        ReceivedMessage.read(read_header_block(headers), body)
        for _, headers, body in sorted(rows, key=lambda row: row.id)
    ]
