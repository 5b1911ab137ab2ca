"""Answers that a client may keep as long as it asks whether they still hold (RFC 9110, 8.8 and 13).

    @router.get("/products/{product_id}", responses=revalidated())
    async def show_product(…, validators: Validators) -> Response:
        return validators.answer(ProductAnswer(…))

The answer has an `ETag`, and is 304 without a body where the client has the same already.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Annotated, Any, Final

from fastapi import Depends, Header
from pydantic import BaseModel, TypeAdapter
from starlette.responses import Response

REVALIDATE: Final = "private, no-cache"
"""Kept by the one who asked, and never used without asking."""

_answers: Final[TypeAdapter[Any]] = TypeAdapter(Any)


class RequestValidators:
    """What the client has already, by its `If-None-Match`."""

    def __init__(self, if_none_match: str | None) -> None:
        self._known = {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}

    def answer(
        self,
        body: BaseModel | Sequence[BaseModel],
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """200 with the body and its tag, or 304."""
        content = _answers.dump_json(body)
        tag = f'"{blake2b(content, digest_size=16).hexdigest()}"'
        all_headers = {**(headers or {}), "ETag": tag, "Cache-Control": REVALIDATE}
        if tag in self._known or "*" in self._known:
            return Response(status_code=304, headers=all_headers)
        return Response(content, headers=all_headers, media_type="application/json")


async def _validators(
    if_none_match: Annotated[
        str | None, Header(description="Tags of answers that the client has kept")
    ] = None,
) -> RequestValidators:
    return RequestValidators(if_none_match)


Validators = Annotated[RequestValidators, Depends(_validators)]


def revalidated() -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that answers with a tag."""
    tag = {"ETag": {"description": "Names this state of it", "schema": {"type": "string"}}}
    return {
        200: {"headers": tag},
        304: {"description": "What the client has still holds", "headers": tag},
    }
