"""Identifiers."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A UUIDv7: sortable by creation, strictly increasing within a process."""
    return uuid7()
