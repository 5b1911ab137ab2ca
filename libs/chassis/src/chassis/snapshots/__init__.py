"""Snapshots: what an owner publishes of its aggregates for views that events no longer reach.

A run publishes one snapshot of each aggregate into the events channel, under the aggregate's own
key, and then a marker into every partition. See docs/howto/snapshots.md.
"""

from chassis.snapshots.contracts import Snapshot, SnapshotTaken, is_snapshot, is_snapshot_taken
from chassis.snapshots.declaration import SnapshotOf, Snapshots

__all__ = [
    "Snapshot",
    "SnapshotOf",
    "SnapshotTaken",
    "Snapshots",
    "is_snapshot",
    "is_snapshot_taken",
]
