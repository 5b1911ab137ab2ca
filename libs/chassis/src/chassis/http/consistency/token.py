"""The consistency token: which events a client's own writes have published.

    X-Consistency-Token: AQGa8x…                 of one write
    X-Consistency-Token: AQGa8x…, AQGa9b…        of several, as a reader may send them

A token is base64url, without padding, of a version byte and 16 bytes for each event's id. Clients
keep it and send it; what is in it is nobody's business but the platform's.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

CONSISTENCY_TOKEN: Final = "X-Consistency-Token"  # noqa: S105 - the name of a header
MAX_EVENTS: Final = 64
"""Events that one request may wait for."""

_VERSION: Final = b"\x01"
_ID_BYTES: Final = 16


class MalformedTokenError(Exception):
    """A consistency token is none that this platform has given out."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"{why}; send what an answer's {CONSISTENCY_TOKEN} says, several separated by commas, "
            "or leave it out to be answered at once"
        )


@dataclass(frozen=True, slots=True)
class ConsistencyToken:
    """The ids of the events that have to be applied before a read shows its reader's writes."""

    event_ids: frozenset[UUID]

    @classmethod
    def read(cls, header: str) -> Self:
        """Read one token or several; raises MalformedTokenError."""
        ids = frozenset(one for token in header.split(",") for one in _ids(token.strip()))
        if len(ids) > MAX_EVENTS:
            raise MalformedTokenError(f"more than {MAX_EVENTS} events are too many to wait for")
        return cls(ids)


def encode_token(event_ids: Iterable[UUID]) -> str:
    """The token of these events."""
    encoded = urlsafe_b64encode(_VERSION + b"".join(one.bytes for one in event_ids))
    return encoded.rstrip(b"=").decode()


def _ids(token: str) -> list[UUID]:
    try:
        read = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (Error, ValueError) as error:
        raise MalformedTokenError("the token is not base64url") from error
    version, ids = read[:1], read[1:]
    if version != _VERSION or not ids or len(ids) % _ID_BYTES:
        raise MalformedTokenError("the token is none of this platform")
    return [UUID(bytes=ids[at : at + _ID_BYTES]) for at in range(0, len(ids), _ID_BYTES)]
