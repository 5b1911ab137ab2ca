"""Rows as frames of the NATS protocol: concatenation only; a stored message is never parsed."""

from collections.abc import Sequence
from typing import Final

from chassis.relay.rows import ClaimedRow

BATCH_HEADERS_MAX_BYTES: Final = 160
"""What membership of an atomic batch adds to a message at the most."""


def message_size(row: ClaimedRow) -> int:
    """What the server compares with its `max_payload`: the header block and the body."""
    return len(row.headers) + 2 + len(row.body)


def frame(row: ClaimedRow, *, reply: bytes = b"", extra_headers: bytes = b"") -> bytes:
    """One HPUB command. `extra_headers` are whole lines that follow the stored ones."""
    header_size = len(row.headers) + len(extra_headers) + 2
    return b"HPUB %b %b %d %d\r\n%b%b\r\n%b\r\n" % (
        row.subject.encode(),
        reply,
        header_size,
        header_size + len(row.body),
        row.headers,
        extra_headers,
        row.body,
    )


def batch_frames(rows: Sequence[ClaimedRow], *, batch_id: str, reply: bytes) -> list[bytes]:
    """An atomic batch of the rows in their order; the last frame commits it.

    The first message asks for a reply as well: it is empty, or says why there can be no batch.
    """
    last = len(rows)
    prefix = f"Nats-Batch-Id: {batch_id}\r\nNats-Batch-Sequence: ".encode()
    return [
        frame(
            row,
            reply=reply if position in (1, last) else b"",
            extra_headers=b"%b%d\r\n%b"
            % (prefix, position, b"Nats-Batch-Commit: 1\r\n" if position == last else b""),
        )
        for position, row in enumerate(rows, start=1)
    ]
