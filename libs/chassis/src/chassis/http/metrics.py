"""`/metrics`, as Prometheus reads it."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response

BeforeScrape = Callable[[], Awaitable[None]]


def metrics_routes(registry: CollectorRegistry, before_scrape: BeforeScrape | None) -> APIRouter:
    """The route; `before_scrape` brings gauges up to date, and never fails or takes long."""
    router = APIRouter(tags=["health"])

    @router.get("/metrics", response_class=Response, responses={200: _DOCUMENTATION})
    async def metrics(request: Request) -> Response:
        """All metrics of the process."""
        if before_scrape is not None:
            await before_scrape()
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"Content-Type": content_type})

    return router


_DOCUMENTATION = {
    "description": "Metrics in the text format",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}
