"""What every answer tells a browser, and every cache on the way."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "Vary": "Authorization",
}
_UNLESS_SAID: Final = {"Cache-Control": "no-store"}
_NO_PAGE: Final = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
_PAGES: Final = ("/docs", "/redoc")


class SecurityHeadersMiddleware:
    """Nothing is kept by anybody unless the route says so, and nothing is run but its own pages."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = {**_ALWAYS, **_UNLESS_SAID}
        if not scope["path"].startswith(_PAGES):
            given |= _NO_PAGE

        async def saying(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in given.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, saying)
