"""Health: `/livez` says that the process answers, `/readyz` whether it can do its work."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Literal

from fastapi import APIRouter
from faststream.nats import NatsBroker
from pydantic import BaseModel, Field
from starlette.responses import Response

from chassis.http.problems import problem_documentation, problem_response, status_problem
from chassis.persistence.database import Database

Check = Callable[[], Awaitable[None]]
"""Returns when a part works and raises when it does not; cancelled after two seconds."""

_PATIENCE_SECONDS = 2
_RETRY_SECONDS = 2
_UP = "up"


class Liveness(BaseModel):
    status: Literal["live"] = "live"


class Readiness(BaseModel):
    status: Literal["ready"] = "ready"
    checks: Annotated[dict[str, str], Field(description="Each part: `up`, or why it is not")]


def health_routes(*, required: Mapping[str, Check], reported: Mapping[str, Check]) -> APIRouter:
    """Routes for liveness and readiness.

    The service is ready when all `required` parts work; `reported` parts are shown only.
    """
    router = APIRouter(tags=["health"])

    @router.get("/livez")
    async def livez() -> Liveness:
        """The process answers."""
        return Liveness()

    @router.get(
        "/readyz",
        response_model=Readiness,
        responses={503: problem_documentation("A required part does not work", retry=True)},
    )
    async def readyz() -> Readiness | Response:
        """The parts that the service cannot work without, work."""
        checks = await _run({**reported, **required})
        failed = [name for name in required if checks[name] != _UP]
        if not failed:
            return Readiness(checks=checks)
        problem = status_problem(503, f"Not ready: {', '.join(failed)}", checks=checks)
        return problem_response(problem, retry_after=_RETRY_SECONDS)

    return router


def reaches(database: Database) -> Check:
    """Check that the database answers, past the pool, which may be busy when all is well."""

    async def check() -> None:
        connection = await database.connect_driver()
        try:
            await connection.execute("SELECT 1")
        finally:
            await connection.close()

    return check


def connects(broker: NatsBroker) -> Check:
    """Check that the broker is connected."""

    async def check() -> None:
        if not await broker.ping(timeout=0.1):
            raise ConnectionError

    return check


async def _run(checks: Mapping[str, Check]) -> dict[str, str]:
    states = await asyncio.gather(*(_state(check) for check in checks.values()))
    return dict(zip(checks, states, strict=True))


async def _state(check: Check) -> str:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await check()
    except TimeoutError:
        return f"down: no answer within {_PATIENCE_SECONDS} s"
    except Exception as error:  # noqa: BLE001 -- whatever a part fails with is what is reported
        return f"down: {type(error).__name__}"
    return _UP
