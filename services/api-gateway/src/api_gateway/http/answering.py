"""Answers of services on their way to the client."""

from pydantic import BaseModel
from starlette.responses import Response

from api_gateway.calls import Reply


def passed_on(reply: Reply[BaseModel]) -> Response:
    """What the service answered, as far as the gateway reads it."""
    return Response(
        reply.body.model_dump_json(),
        status_code=reply.status,
        headers=dict(reply.headers),
        media_type="application/json",
    )
