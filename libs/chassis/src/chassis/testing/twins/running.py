"""An event loop for twins: what is awaited is there already, so nobody ever waits."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from chassis.testing.twins.limits import TwinLimitError

T = TypeVar("T")


class _NothingToWaitFor(selectors.SelectSelector):
    """Asked to wait only where something real is waited for: a clock, a socket, a thread."""

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None or timeout > 0:
            raise TwinLimitError(
                "a coroutine waits for something real, such as a sleep or a socket: with twins "
                "nothing takes time; give it something that answers at once instead"
            )
        return []


class TwinLoop:
    """Runs coroutines one after another, each to its end."""

    def __init__(self) -> None:
        self._loop = asyncio.SelectorEventLoop(_NothingToWaitFor())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The coroutine's result; raises TwinLimitError where it waits for something real."""
        try:
            return self._loop.run_until_complete(coroutine)
        except TwinLimitError:
            self._cancel_what_waits()
            raise

    def _cancel_what_waits(self) -> None:
        waiting = asyncio.all_tasks(self._loop)
        for task in waiting:
            task.cancel()
        if waiting:
            self._loop.run_until_complete(asyncio.wait(waiting))

    def close(self) -> None:
        self._loop.close()
