"""`X-Consistency-Token`: what a write answered, a read may ask for."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Header

from chassis.http.consistency import CONSISTENCY_TOKEN


async def _forwarded(
    token: Annotated[
        str | None,
        Header(
            alias=CONSISTENCY_TOKEN,
            pattern=r"^[\x20-\x7e]{1,8000}$",
            description="Of the answer to a write, or of several: what is read then includes them",
        ),
    ] = None,
) -> Mapping[str, str]:
    return {} if token is None else {CONSISTENCY_TOKEN: token}


ConsistencyHeaders = Annotated[Mapping[str, str], Depends(_forwarded)]
"""The client's token as a header for the service that reads."""
