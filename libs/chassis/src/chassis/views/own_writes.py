"""Read your writes: a query that comes with a consistency token waits for what it names.

    router = APIRouter(dependencies=[after_own_writes(ORDER_HISTORY)])

    @router.get("/orders", responses=documented(WRITE_NOT_SHOWN, VIEW_NOT_READY))

It waits before the query's transaction begins. What the live generation has in its inbox by then,
every later live generation has as well, so a swap in between changes nothing.
"""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Header
from pydantic.json_schema import SkipJsonSchema
from starlette.requests import Request

from chassis.http.consistency.token import (
    CONSISTENCY_TOKEN,
    MalformedTokenError,
    Tokens,
    decode_tokens,
)
from chassis.http.deadline import caller_deadline
from chassis.http.dependencies import provide, provided
from chassis.http.problems import ProblemType, declare_problems, declared_problem
from chassis.views.catching_up import CatchingUp, Shows
from chassis.views.view import View

_TO_ANSWER_SECONDS: Final = 0.1
"""Kept of the time that a caller gives."""


class WriteNotShownError(Exception):
    """A view does not show yet what its reader has written."""

    def __init__(self, view: View) -> None:
        super().__init__(
            f"The view {view.name} does not show all that the {CONSISTENCY_TOKEN} names yet; ask "
            "again with it in a moment, or without it to be answered at once"
        )


WRITE_NOT_SHOWN: Final = ProblemType(
    error=WriteNotShownError,
    status=202,
    name="write-not-shown",
    title="What you wrote is not shown yet",
    retry_after=1,
)
MALFORMED_TOKEN: Final = ProblemType(
    error=MalformedTokenError,
    status=422,
    name="malformed-consistency-token",
    title="The consistency token is none",
)


class OwnWrites:
    """The views of an application whose readers may wait, and for how long."""

    def __init__(self, within: float) -> None:
        self._within = within
        self._views: dict[View, CatchingUp] = {}

    def watch(self, view: View, kept: Shows) -> None:
        self._views[view] = CatchingUp(kept)

    def of(self, view: View) -> CatchingUp:
        """Those who wait for the view."""
        return self._views[view]

    async def shown(self, view: View, tokens: str) -> bool:
        """Whether the view shows what the tokens name, after waiting for it if need be.

        Raises MalformedTokenError or ViewNotReadyError.
        """
        return await self.of(view).shows(decode_tokens(tokens), self._patience())

    def _patience(self) -> float:
        deadline = caller_deadline.get()
        if deadline is None:
            return self._within
        return min(self._within, deadline.remaining - _TO_ANSWER_SECONDS)


def show_own_writes(app: FastAPI, within: float) -> OwnWrites:
    """Let queries of the application wait for views at most so many seconds."""
    own_writes = OwnWrites(within)
    provide(app, own_writes)
    declare_problems(app, WRITE_NOT_SHOWN, MALFORMED_TOKEN)
    return own_writes


def after_own_writes(view: View) -> Any:
    """A dependency of routes that read the view, which takes the token and waits.

    Where the wait is in vain the route goes on all the same: parameters that are not valid are
    answered as such. What it finds, or does not find, is answered as WRITE_NOT_SHOWN then.
    """

    async def dependency(
        request: Request,
        own_writes: Annotated[OwnWrites, provided(OwnWrites)],
        _token: Annotated[
            Tokens | SkipJsonSchema[None],
            Header(
                alias=CONSISTENCY_TOKEN,
                description="Of an answer to a write, or of several separated by commas: the "
                "answer shows them, or is a 202",
            ),
        ] = None,
    ) -> AsyncIterator[None]:
        lines = request.headers.getlist(CONSISTENCY_TOKEN)
        if not lines or await own_writes.shown(view, ",".join(lines)):
            yield
            return
        try:
            yield
        except Exception as error:
            problem = declared_problem(request.app, error)
            if problem is None or problem.status != HTTPStatus.NOT_FOUND:
                raise
        raise WriteNotShownError(view)

    return Depends(dependency, scope="function")
