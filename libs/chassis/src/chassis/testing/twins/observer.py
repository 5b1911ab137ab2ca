"""Looking at the commits of a run: what each has done, and the faults that strike it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from chassis.messaging.contracts import context_and_name
from chassis.messaging.headers import TYPE
from chassis.outbox.row import OutboxRow
from chassis.sagas.state import EntryKind, LogEntry
from chassis.testing.outbox import read_header_block
from chassis.testing.twins import instances
from chassis.testing.twins.statements import rows

_TOLD = {
    EntryKind.SKIPPED: "skips '{step}'",
    EntryKind.TIMEOUT: "gives up waiting for {way}'{step}'",
    EntryKind.RETRY: "tries {way}'{step}' again (attempt {attempt})",
    EntryKind.REFUSAL: "is refused {way}'{step}'",
    EntryKind.DEADLINE: "is past its deadline",
    EntryKind.IGNORED: "ignores a reply to {way}'{step}'",
    EntryKind.INTERVENED: "is moved by hand: {detail}",
    EntryKind.PARKED: "needs attention: {detail}",
    EntryKind.ENDED: "ends {outcome}",
}


@dataclass(slots=True)
class Work:
    """What a process is about at the moment, for the timeline: its commits say what came of it."""

    who: str
    what: str
    quiet: bool = False
    told: bool = False
    done: list[str] = field(default_factory=list)


def effects(changes: Iterator[tuple[str, Any]]) -> Iterator[str]:
    """What a transaction has done that others notice, told one by one."""
    for table, row in changes:
        match table, row:
            case rows.OUTBOX, OutboxRow():
                yield f"→ {type_of(row)}"
            case instances.LOG, LogEntry() if row.kind in _TOLD:
                yield _told_entry(row)
            case rows.DEFERRED, rows.Deferred():
                error = _first_line(row.error)
                yield f"lets {short(row.wire_type)} wait: {row.reason} {error}".rstrip()
            case rows.DEAD_LETTERS, rows.Buried():
                yield f"gives up {row.wire_type}: {_first_line(row.error)}"
            case _:
                continue


@lru_cache(maxsize=4096)
def type_of(row: OutboxRow) -> str:
    return short(read_header_block(row.headers)[TYPE])


def short(wire_type: str) -> str:
    """`ReserveCredit` of `customer.ReserveCredit.v1`."""
    return context_and_name(wire_type)[1]


def _first_line(error: str | None) -> str:
    return (error or "").partition("\n")[0]


def _told_entry(entry: LogEntry) -> str:
    way = "undoing " if entry.direction == "compensation" else ""
    told = _TOLD[entry.kind].format(
        step=entry.step, way=way, attempt=entry.attempt, detail=entry.detail, outcome=entry.outcome
    )
    return f"the saga {told}"
