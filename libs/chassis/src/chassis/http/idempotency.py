"""Idempotency keys: a request that is sent again is answered again, and done once.

For example::

    @router.post("/orders", status_code=202, responses=documented(IDEMPOTENCY_KEY_REUSED))
    async def place_order(body: PlaceOrder, session: Transaction, idempotency: Idempotency):
        answer = Answer(status=202, body=…)
        earlier = await idempotency.claim(session, body, answer)
        if earlier is not None:
            return earlier
        …
        return answer.to_response()

The key is claimed, with the answer, in the transaction of the business change and before it. Of two
requests at the same time the second waits for the first: if that commits, the second gets its
answer; if it rolls back, the second goes on.
"""

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Depends, Header
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from chassis.http.problems import ProblemType
from chassis.persistence.database import fetch_all

REPLAYED = "Idempotent-Replayed"
REPLAY_DOCUMENTED: dict[str, Any] = {
    REPLAYED: {
        "description": "`true` where the answer was given before",
        "schema": {"enum": ["true"]},
    }
}
"""What an OpenAPI response object's `headers` say of it."""

_CLAIM = """
INSERT INTO idempotency_keys (key, request_digest, response) VALUES ($1, $2, $3)
ON CONFLICT (key) DO NOTHING RETURNING key
"""
_EARLIER = "SELECT request_digest, response FROM idempotency_keys WHERE key = $1"


class IdempotencyKeyReusedError(Exception):
    """A key came again with another request."""


IDEMPOTENCY_KEY_REUSED = ProblemType(
    error=IdempotencyKeyReusedError,
    status=422,
    name="idempotency-key-reused",
    title="The idempotency key belongs to another request",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A successful answer as it is stored, and given again byte for byte."""

    status: int
    body: BaseModel
    headers: dict[str, str] = field(default_factory=dict)

    def to_response(self) -> Response:
        return _response(self.status, self.headers, self.body.model_dump_json())

    def to_json(self) -> str:
        return json.dumps(
            {"status": self.status, "headers": self.headers, "body": self.body.model_dump_json()}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotentRequest:
    """A request with its key, which is good for one method and route."""

    method: str
    route: str
    path: str
    key: str

    async def claim(
        self, session: AsyncSession, request: BaseModel | None, answer: Answer
    ) -> Response | None:
        """Keep the answer under the key, or return the response that the key already has.

        After None the caller makes its change in the same transaction; with a response it changes
        nothing. Raises IdempotencyKeyReusedError when the earlier request was another one.
        """
        key = f"{self.method} {self.route} {self.key}"
        digest = self._digest(request)
        if await fetch_all(session, _CLAIM, key, digest, answer.to_json()):
            return None
        ((earlier_digest, earlier),) = await fetch_all(session, _EARLIER, key)
        if earlier_digest != digest:
            raise IdempotencyKeyReusedError(
                "This Idempotency-Key came with another request before; use a new key for this one"
            )
        return _response(
            earlier["status"], {**earlier["headers"], REPLAYED: "true"}, earlier["body"]
        )

    def _digest(self, request: BaseModel | None) -> bytes:
        body: Any = request.model_dump(mode="json") if request is not None else None
        canonical = json.dumps([self.path, body], sort_keys=True, separators=(",", ":"))
        return sha256(canonical.encode()).digest()


async def _idempotent_request(
    request: Request,
    idempotency_key: Annotated[
        str,
        Header(
            alias="Idempotency-Key",
            pattern=r"^[\x21-\x7e]{1,200}$",
            description="Chosen by the client, one for each intent: the same key and body get "
            f"the same answer again, marked `{REPLAYED}: true`",
        ),
    ],
) -> IdempotentRequest:
    return IdempotentRequest(
        method=request.method,
        route=request.scope["route"].path,
        path=request.url.path,
        key=idempotency_key,
    )


Idempotency = Annotated[IdempotentRequest, Depends(_idempotent_request)]
"""The request with its required `Idempotency-Key` header."""


def _response(status: int, headers: dict[str, str], body: str) -> Response:
    return Response(body, status_code=status, headers=headers, media_type="application/json")
