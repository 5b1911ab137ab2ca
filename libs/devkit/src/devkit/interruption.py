"""Ending a long command by Ctrl-C or SIGTERM without leaving anything behind."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class InterruptedByUserError(RuntimeError):
    """The command was asked to end before it was done."""


def run_until_interrupted(main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` in an event loop; a signal cancels it, so that it cleans up behind itself.

    Raises InterruptedByUserError once that is done. A second signal does not wait for it: child
    processes then end with this one.
    """

    async def guarded() -> T:
        task = asyncio.current_task()
        assert task is not None
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await main

    try:
        return asyncio.run(guarded())
    except asyncio.CancelledError as cancelled:
        raise InterruptedByUserError("stopped") from cancelled
