"""`/metrics`, as Prometheus reads it."""

from fastapi import APIRouter
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response


def metrics_routes(registry: CollectorRegistry) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/metrics", response_class=Response, responses={200: _DOCUMENTATION})
    async def metrics(request: Request) -> Response:
        """All metrics of the process."""
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"Content-Type": content_type})

    return router


_DOCUMENTATION = {
    "description": "Metrics in the text format",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}
