"""Refusing bodies that are too large, announced or not.

FastAPI has a limit of its own, but answers an announced excess as plain text.
"""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.http.problems import problem_response, status_problem

MEBIBYTE = 1024 * 1024


class BodyLimitMiddleware:
    """Answers 413 to a body of more than `limit` bytes, and reads no more of it than that."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif self._announces_too_much(scope):
            problem = status_problem(413, self._detail)
            await problem_response(problem)(scope, receive, send)
        else:
            await self._app(scope, self._counting(receive), send)

    @property
    def _detail(self) -> str:
        return f"The body may have {self._limit} bytes at the most"

    def _announces_too_much(self, scope: Scope) -> bool:
        length = Headers(scope=scope).get("content-length", "")
        return length.isdecimal() and int(length) > self._limit

    def _counting(self, receive: Receive) -> Receive:
        size = 0

        async def counting() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._limit:
                raise HTTPException(413, self._detail)
            return message

        return counting
