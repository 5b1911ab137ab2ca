"""Waiting for what happens in other processes, in place of sleeping and hoping."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast, overload

T = TypeVar("T")


@overload
async def eventually(
    probe: Callable[[], Awaitable[T]], *, within: float = ..., every: float = ...
) -> T: ...
@overload
async def eventually(probe: Callable[[], T], *, within: float = ..., every: float = ...) -> T: ...
async def eventually(
    probe: Callable[[], T | Awaitable[T]], *, within: float = 60, every: float = 0.02
) -> T:
    """The probe's value once it is true.

    The probe is called every ``every`` seconds until it returns something true without raising
    AssertionError. After ``within`` seconds AssertionError is raised with the last failure; any
    other exception of the probe goes through at once.
    """
    give_up = time.monotonic() + within
    while True:
        value, failure = await _ask(probe, patience=max(give_up - time.monotonic(), every))
        if failure is None:
            return cast("T", value)
        if time.monotonic() >= give_up:
            raise AssertionError(f"not within {within:g} s: {failure}") from failure
        await asyncio.sleep(every)


async def _ask(
    probe: Callable[[], T | Awaitable[T]], *, patience: float
) -> tuple[T | None, AssertionError | None]:
    try:
        value = probe()
        if inspect.isawaitable(value):
            value = await _within(patience, value)
    except AssertionError as failure:
        return None, failure
    if not value:
        return None, AssertionError(f"the probe returned {value!r}")
    return cast("T", value), None


async def _within(patience: float, answer: Awaitable[T]) -> T:
    limit = asyncio.timeout(patience)
    try:
        async with limit:
            return await answer
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise AssertionError("the probe itself did not answer") from error
