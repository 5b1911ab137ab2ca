"""Identifiers."""

from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A UUIDv7: sortable by creation, strictly increasing within a process."""
    return uuid7()


def first_id_at(time: datetime) -> UUID:
    """The lowest UUIDv7 of a millisecond: every id that was made before is lower."""
    return UUID(int=int(time.timestamp() * 1000) << 80)
