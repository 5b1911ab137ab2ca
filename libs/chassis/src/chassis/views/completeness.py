"""Whether a generation has all of a partition, though the stream may have lost its beginning.

It has while the stream still had every message behind the checkpoint when it was read. After a gap
it has again once a whole run of snapshots was read: an owner publishes one `<Aggregate>Snapshot` of
each aggregate, with a `run_id`, and at the end `SnapshotTaken` with the number of them in this
partition. Counting them tells a whole run from one whose beginning is lost as well.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from chassis.messaging import headers as h
from chassis.snapshots import is_snapshot, is_snapshot_taken
from chassis.views.direct_get import StoredMessage


@dataclass(frozen=True, slots=True)
class Completeness:
    """`snapshots`: those read since there was a gap, by their run; None if there was none."""

    complete: bool = True
    snapshots: Mapping[str, int] | None = None

    def broken(self) -> "Completeness":
        """Messages may have gone unread: what was counted so far may miss some as well."""
        return Completeness(complete=False, snapshots={})

    def after(self, messages: Iterable[StoredMessage]) -> "Completeness":
        """Once these are applied too."""
        if self.complete:
            return self
        counted = dict(self.snapshots or {})
        for message in messages:
            wire_type = message.headers.get(h.TYPE, "")
            if is_snapshot(wire_type):
                run_id = str(_body(message).get("run_id"))
                counted[run_id] = counted.get(run_id, 0) + 1
            elif is_snapshot_taken(wire_type) and _is_whole(message, counted):
                return Completeness(complete=True, snapshots={})
        return Completeness(complete=False, snapshots=counted)


def _is_whole(marker: StoredMessage, counted: Mapping[str, int]) -> bool:
    body = _body(marker)
    return bool(body.get("events") == counted.get(str(body.get("run_id")), 0))


def _body(message: StoredMessage) -> dict[str, Any]:
    try:
        body = orjson.loads(message.body)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}
