"""Parts of an answer, asked for side by side. One that fails is missing, and the answer says so."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from api_gateway.calls import CallFailedError, Reason, RefusedError

T = TypeVar("T")

_NOT_FOUND = 404
_NOT_YET = 202


class Missing(BaseModel):
    """A part that is not in the answer, though there may be one."""

    model_config = ConfigDict(frozen=True)

    part: Annotated[str, Field(examples=["shipment"])]
    reason: Annotated[Reason, Field(examples=["timeout"])]


class Part(Generic[T]):
    """One part while it is asked for."""

    def __init__(self, name: str, asked: asyncio.Task[T]) -> None:
        self._name = name
        self._asked = asked

    async def read(self, missing: list[Missing]) -> T | None:
        """The part; None where the service says that there is none, or with a note in `missing`."""
        try:
            return await self._asked
        except CallFailedError as failure:
            missing.append(Missing(part=self._name, reason=failure.reason))
        except RefusedError as refusal:
            if refusal.problem.status != _NOT_FOUND:
                missing.append(Missing(part=self._name, reason=_reason(refusal)))
        return None


class Composition:
    """Asks for parts; made by `side_by_side`."""

    def __init__(self) -> None:
        self._asked: list[asyncio.Task[Any]] = []

    def ask(self, name: str, call: Coroutine[Any, Any, T]) -> Part[T]:
        """Ask from now on; the part is read later."""
        asked = asyncio.create_task(call, name=name)
        self._asked.append(asked)
        return Part(name, asked)

    async def abandon(self) -> None:
        for asked in self._asked:
            asked.cancel()
        await asyncio.gather(*self._asked, return_exceptions=True)


@asynccontextmanager
async def side_by_side() -> AsyncIterator[Composition]:
    """What is still asked for at the end of the block is abandoned."""
    composition = Composition()
    try:
        yield composition
    finally:
        await composition.abandon()


def _reason(refusal: RefusedError) -> Reason:
    return Reason.NOT_YET if refusal.problem.status == _NOT_YET else Reason.UNREADABLE
