"""What a service publishes snapshots of, in its `messaging/snapshots.py`.

SNAPSHOTS = Snapshots(taken=SnapshotTaken, of=(SnapshotOf(Order, OrderSnapshot),))
"""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, inspect

from chassis.snapshots.contracts import Snapshot, SnapshotTaken

T = TypeVar("T")


class NoSnapshotsError(LookupError):
    """A service declares nothing to publish snapshots of."""


@dataclass(frozen=True, slots=True)
class SnapshotOf:
    """One kind of aggregate, a mapped class, and the snapshot that is made of it.

    `where` leaves out aggregates that no event has told of yet.
    """

    entity: type[object]
    event: type[Snapshot]
    where: ColumnElement[bool] | None = None

    @property
    def primary_key(self) -> ColumnElement[Any]:
        """The one column that pages follow."""
        column: ColumnElement[Any]
        (column,) = inspect(self.entity).primary_key
        return column

    def key_of(self, aggregate: object) -> object:
        """The aggregate's primary key."""
        (key,) = inspect(self.entity).primary_key_from_instance(aggregate)
        return key

    def restrict(self, statement: Select[T]) -> Select[T]:
        """The statement, of those that events have told of."""
        return statement if self.where is None else statement.where(self.where)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshots:
    """All that a run publishes, in this order, and the marker at its end."""

    taken: type[SnapshotTaken]
    of: tuple[SnapshotOf, ...]


def snapshots_of(package: str) -> Snapshots:
    """The declaration of an installed service; raises NoSnapshotsError."""
    module = f"{package}.messaging.snapshots"
    if find_spec(package) is None or find_spec(module) is None:
        raise NoSnapshotsError(
            f"{package} publishes no snapshots; a service that does declares them in "
            "messaging/snapshots.py"
        )
    import_module(f"{package}.app")
    declared: Snapshots = import_module(module).SNAPSHOTS
    return declared
