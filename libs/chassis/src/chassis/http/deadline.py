"""The time that a caller gives, in a header that each service passes on with what is left of it.

`X-Request-Timeout-Ms` is relative, so no two clocks have to agree: milliseconds from the request's
arrival. When they are over the work is stopped, for nobody waits for its result.
"""

import asyncio
import re
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Self

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.http.problems import problem_response, status_problem

TIMEOUT_HEADER: Final = "X-Request-Timeout-Ms"
LONGEST_SECONDS: Final = 600.0

_MILLISECONDS: Final = 1000
_WRITTEN: Final = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on this process's own clock; `remaining` counts down to it and then is negative."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Self:
        return cls(time.monotonic() + seconds)

    @property
    def remaining(self) -> float:
        return self.at - time.monotonic()

    def within(self, seconds: float) -> "Deadline":
        """This one, or sooner: at most so many seconds from now."""
        return min(self, Deadline.after(seconds), key=lambda deadline: deadline.at)

    def header(self) -> dict[str, str]:
        """What passes it on. Rounded down: whoever works on it has no more time than there is."""
        return {TIMEOUT_HEADER: str(max(1, int(self.remaining * _MILLISECONDS)))}


caller_deadline: Final[ContextVar[Deadline | None]] = ContextVar("caller_deadline", default=None)
"""When the request that is being answered is no longer waited for; None where nobody said."""


class DeadlineMiddleware:
    """Stops a request whose time is up, and answers 504 in its place.

    What was being done may or may not have been done then: a transaction is rolled back unless its
    commit had been sent. A value that is no time is answered 400.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = Headers(scope=scope).get(TIMEOUT_HEADER) if scope["type"] == "http" else None
        if given is None:
            await self._app(scope, receive, send)
        elif (seconds := _seconds(given)) is None:
            detail = f"{TIMEOUT_HEADER} is a whole number of milliseconds, such as 1500"
            await problem_response(status_problem(400, detail))(scope, receive, send)
        else:
            await self._limited(seconds, scope, receive, send)

    async def _limited(self, seconds: float, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def noting_start(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        outer = caller_deadline.set(Deadline.after(seconds))
        try:
            async with asyncio.timeout(seconds):
                await self._app(scope, receive, noting_start)
        except TimeoutError:
            if has_begun:
                raise  # the server closes the connection, which says that the answer is cut off
            await problem_response(_TIME_IS_UP)(scope, receive, send)
        finally:
            caller_deadline.reset(outer)


_TIME_IS_UP: Final = status_problem(
    504, f"The time given by {TIMEOUT_HEADER} is over; ask again, or give it more"
)


def _seconds(value: str) -> float | None:
    if _WRITTEN.fullmatch(value) is None:
        return None
    return min(int(value) / _MILLISECONDS, LONGEST_SECONDS)
