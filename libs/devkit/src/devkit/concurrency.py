"""Doing several things at a time, within bounds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")


@asynccontextmanager
async def task_group() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group whose first failure, which cancels the rest, is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures


async def together(*work: Coroutine[Any, Any, T]) -> list[T]:
    """The results, in order. The first failure cancels the rest and is raised as it is."""
    async with task_group() as group:
        tasks = [group.create_task(item) for item in work]
    return [task.result() for task in tasks]


async def for_each(items: Iterable[T], do: Callable[[T], Awaitable[R]], *, at_once: int) -> list[R]:
    """The results of ``do``, in the order of ``items``; at most ``at_once`` run side by side.

    Items are begun in their order. The first failure cancels the rest and is raised as it is.
    """
    numbered = iter(list(enumerate(items)))
    results: dict[int, R] = {}

    async def work() -> None:
        for number, item in numbered:
            results[number] = await do(item)

    await together(*(work() for _ in range(at_once)))
    return [results[number] for number in sorted(results)]
