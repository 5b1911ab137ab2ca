"""What a run of snapshots says on the wire.

class OrderSnapshot(Snapshot, type="order.OrderSnapshot.v1", key="order_id"):
order_id: UUID
…

class SnapshotTaken(chassis.snapshots.SnapshotTaken, type="order.SnapshotTaken.v1"): ...
"""

from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from chassis.messaging.contracts import Event

_SNAPSHOT: Final = "Snapshot"
_TAKEN: Final = "SnapshotTaken"


class Snapshot(Event):
    """An aggregate as its events have told it up to here; named `<Aggregate>Snapshot`.

    Under the aggregate's key, so it stands between the events that it includes and those that come
    after. It is no news: whoever has applied the events before learns nothing from it.
    """

    model_config = ConfigDict(from_attributes=True)

    run_id: UUID

    @classmethod
    def of(cls, aggregate: object, run_id: UUID) -> Self:
        """The snapshot whose other fields are attributes of the aggregate."""
        names = cls.model_fields.keys() - {"run_id"}
        values = {name: getattr(aggregate, name) for name in names}
        return cls.model_validate({**values, "run_id": run_id}, from_attributes=True)


class SnapshotTaken(Event, key="place"):
    """A run is at its end: it has published so many snapshots into this partition of the channel.

    Stored behind all of them. `place` is a key that falls into the partition, and no aggregate's.
    """

    run_id: UUID
    events: Annotated[int, Field(ge=0)]
    place: str


def is_snapshot(wire_type: str) -> bool:
    """Whether messages of this type are snapshots of aggregates, with a `run_id`."""
    return _name_in(wire_type).endswith(_SNAPSHOT)


def is_snapshot_taken(wire_type: str) -> bool:
    """Whether messages of this type are the markers at the end of a run."""
    return _name_in(wire_type) == _TAKEN


def _name_in(wire_type: str) -> str:
    """The name in `<context>.<Name>.v<version>`; empty for what strangers may have written."""
    _, name, *_ = (*wire_type.split("."), "", "")
    return name
