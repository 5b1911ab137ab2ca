"""The consistency token: which events a client's own writes have published.

    X-Consistency-Token: 1.AZoQBOoNd-ivi0O4keIRdA                              of one write
    X-Consistency-Token: 1.AZoQBOoNd-ivi0O4keIRdA, 1.AZoQBuoMdPGvi0PCkeIRdQ    of several

`1` is the form's version; behind it comes each event's id in base64url without padding. Clients
keep a token and send it; what is in it is nobody's business but the platform's.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

CONSISTENCY_TOKEN: Final = "X-Consistency-Token"  # noqa: S105 - the name of a header
MAX_EVENTS: Final = 20
"""Events that one token names at the most."""
MAX_TOKENS: Final = 4
"""Tokens that one request sends at the most."""

_ID: Final = r"[A-Za-z0-9_-]{21}[AQgw]"
_TOKEN: Final = rf"1(?:\.{_ID}){{1,{MAX_EVENTS}}}"
TOKENS_PATTERN: Final = rf"^{_TOKEN}(?:, ?{_TOKEN}){{0,{MAX_TOKENS - 1}}}$"
"""What a request may send: one token, or several separated by commas."""

Tokens = Annotated[str, Field(pattern=TOKENS_PATTERN, examples=["1.AZoQBOoNd-ivi0O4keIRdA"])]
"""What a request sends in its header."""

_IDS: Final = re.compile(rf"\.({_ID})")
_TOKENS: Final = re.compile(TOKENS_PATTERN)


class MalformedTokenError(ValueError):
    """A consistency token is none that this platform has given out."""

    def __init__(self) -> None:
        super().__init__(
            f"This is no consistency token; send what an answer's {CONSISTENCY_TOKEN} says, "
            "several separated by commas, or leave it out to be answered at once"
        )


def encode_token(event_ids: Iterable[UUID]) -> str:
    """The token of at least one event; of many, several tokens, of which MAX_TOKENS can be sent."""
    encoded = [_encode(event_id) for event_id in event_ids]
    of_each = (encoded[at : at + MAX_EVENTS] for at in range(0, len(encoded), MAX_EVENTS))
    return ", ".join(".".join(("1", *ids)) for ids in of_each)


def decode_tokens(header: str) -> frozenset[UUID]:
    """The events that one token names, or several together; raises MalformedTokenError."""
    if _TOKENS.fullmatch(header) is None:
        raise MalformedTokenError
    return frozenset(UUID(bytes=urlsafe_b64decode(f"{one}==")) for one in _IDS.findall(header))


def _encode(event_id: UUID) -> str:
    return urlsafe_b64encode(event_id.bytes).rstrip(b"=").decode()
