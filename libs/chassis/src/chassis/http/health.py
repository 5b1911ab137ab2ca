"""Health: `/livez` says that the process answers, `/readyz` whether it can do its work."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from faststream.nats import NatsBroker
from pydantic import BaseModel, Field
from starlette.responses import Response

from chassis.http.part_state import PartState
from chassis.http.problems import problem_documentation, problem_response, status_problem
from chassis.persistence.database import Database

Check = Callable[[], Awaitable[None]]
"""Returns when a part works and raises when it does not; cancelled after two seconds."""

_PATIENCE_SECONDS = 2
_RETRY_SECONDS = 2


class Liveness(BaseModel):
    status: Literal["live"] = "live"


class Readiness(BaseModel):
    status: Literal["ready"] = "ready"
    checks: Annotated[dict[str, PartState], Field(description="Each part that was looked at")]


def health_routes(*, required: Mapping[str, Check], reported: Mapping[str, Check]) -> APIRouter:
    """Routes for liveness and readiness.

    The service is ready when all `required` parts work; `reported` parts are shown only. Parts
    that are added to the mappings later are looked at from then on.
    """
    router = APIRouter(tags=["health"])
    parts: dict[str, _Part] = {}

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
        for name, check in {**reported, **required}.items():
            parts.setdefault(name, _Part(check))
        states = await asyncio.gather(*(part.look() for part in parts.values()))
        checks = dict(zip(parts, states, strict=True))
        failed = [name for name in required if checks[name].status == "down"]
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


class _Part:
    """A part with its last state, which says since when it is so."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._state: PartState | None = None

    async def look(self) -> PartState:
        reason = await self._failure()
        status: Literal["up", "down"] = "up" if reason is None else "down"
        before = self._state
        lasts = before is not None and before.status == status
        since = before.since if before is not None and lasts else datetime.now(UTC)
        self._state = PartState(status=status, since=since, reason=reason)
        return self._state

    async def _failure(self) -> str | None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._check()
        except TimeoutError:
            return f"no answer within {_PATIENCE_SECONDS} s"
        except Exception as error:  # noqa: BLE001 -- whatever a part fails with is what is reported
            return type(error).__name__
        return None
