"""Telling a client what to wait for, to read its own write.

    placed = new_id()
    answer = Answer(…, headers=token_headers(placed))  # is kept under the key, before the change
    …
    reserve(session, placed)  # the event that the change publishes has this id

or, where the answer comes after the change, `tell_token(response, session)`.
"""

from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from chassis.http.consistency.token import CONSISTENCY_TOKEN, TOKENS_PATTERN, encode_token
from chassis.outbox.publishing import published

TOKEN_DOCUMENTED: Final[dict[str, Any]] = {
    CONSISTENCY_TOKEN: {
        "description": "Send it with a query, and its answer shows this write or is a 202",
        "schema": {"type": "string", "pattern": TOKENS_PATTERN},
    }
}
"""What an OpenAPI response object's `headers` say of it."""


def token_headers(*event_ids: UUID) -> dict[str, str]:
    """The header of an answer to a write that publishes these events."""
    return {CONSISTENCY_TOKEN: encode_token(event_ids)}


def tell_token(response: Response, session: AsyncSession) -> None:
    """Put the token of all that the transaction has published so far on its answer."""
    response.headers.update(token_headers(*published(session)))
