"""One message as the relay will find it."""

from typing import NamedTuple
from uuid import UUID


class OutboxRow(NamedTuple):
    """What goes on the wire, encoded once at the insert; the relay parses none of it."""

    message_id: UUID
    shard: int
    key: str
    subject: str
    headers: bytes
    body: bytes
