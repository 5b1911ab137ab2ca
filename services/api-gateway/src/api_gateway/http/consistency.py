"""`X-Consistency-Token`: what a write answered, a read may ask for."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Depends, Header

TOKEN_HEADER: Final = "X-Consistency-Token"  # noqa: S105 - a header's name


async def _forwarded(
    x_consistency_token: Annotated[
        str | None,
        Header(
            pattern=r"^[\x21-\x7e]{1,2000}$",
            description="Of the answer to a write: what is read then includes it",
        ),
    ] = None,
) -> Mapping[str, str]:
    return {} if x_consistency_token is None else {TOKEN_HEADER: x_consistency_token}


ConsistencyHeaders = Annotated[Mapping[str, str], Depends(_forwarded)]
"""The client's token as a header for the service that reads."""

GIVEN: Final[dict[str, Any]] = {
    TOKEN_HEADER: {
        "description": "For reads that must include this write",
        "schema": {"type": "string"},
    }
}
