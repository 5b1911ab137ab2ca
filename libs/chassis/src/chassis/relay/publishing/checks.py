"""Rows that must not reach the server, which would end the connection that carries them."""

import re
from typing import Final

from chassis.relay.frames import message_size
from chassis.relay.rows import ClaimedRow

# The subject shares the protocol's control line of 4,096 bytes with the inbox and the sizes.
_SUBJECT_MAX_BYTES: Final = 2048
_SUBJECT: Final = re.compile(r"[^\s.*>\x00-\x1f\x7f]+(\.[^\s.*>\x00-\x1f\x7f]+)+")


def flaw(row: ClaimedRow, *, max_payload: int) -> str | None:
    """Why the row cannot be sent, or None."""
    if message_size(row) > max_payload:
        return f"{message_size(row)} bytes are more than the server's limit of {max_payload}"
    if len(row.subject.encode()) > _SUBJECT_MAX_BYTES or not _SUBJECT.fullmatch(row.subject):
        return "the subject is not two or more tokens joined by dots"
    if not row.headers.startswith(b"NATS/1.0\r\n") or not row.headers.endswith(b"\r\n"):
        return "the header block does not begin with NATS/1.0 or does not end its last line"
    return None
