"""`X-Consistency-Token`: what a write answered, a read may ask for."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Header
from pydantic.json_schema import SkipJsonSchema

from chassis.http.consistency import CONSISTENCY_TOKEN, Tokens


async def _forwarded(
    token: Annotated[
        Tokens | SkipJsonSchema[None],
        Header(
            alias=CONSISTENCY_TOKEN,
            description="Of the answer to a write, or of several: what is read then includes them",
        ),
    ] = None,
) -> Mapping[str, str]:
    return {} if token is None else {CONSISTENCY_TOKEN: token}


ConsistencyHeaders = Annotated[Mapping[str, str], Depends(_forwarded)]
"""The client's token as a header for the service that reads."""
