"""Measures requests by method, route and status."""

import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.metrics import catalogue

_DURATION: Final = catalogue.HTTP_DURATION.histogram()
_NOT_THE_API: Final = frozenset({"/livez", "/readyz", "/metrics"})
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_FAILED: Final = 500


class MeasuringMiddleware:
    """Observes how long each request to the API takes; probes and scrapes are left out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _NOT_THE_API:
            await self._app(scope, receive, send)
            return
        status = _FAILED  # what an exception becomes further out
        began = time.perf_counter()

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting_status)
        finally:
            seconds = time.perf_counter() - began
            _DURATION.observe((seconds,), _method(scope), _route(scope), str(status))


def _method(scope: Scope) -> str:
    method: str = scope["method"]
    return method if method in _METHODS else "_OTHER"


def _route(scope: Scope) -> str:
    """The template, so that no id becomes a label."""
    return getattr(scope.get("route"), "path", "")
