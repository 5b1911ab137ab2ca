"""The end of tasks that run beside others."""

import asyncio
from typing import Any

_AGAIN_SECONDS = 5.0


async def end(*tasks: asyncio.Task[Any], again: float = _AGAIN_SECONDS) -> list[Any]:
    """Cancel the tasks, wait until they have ended, and return what each returned or raised.

    Before Python 3.12 `asyncio.wait_for` loses a cancellation that comes together with what it
    waits for (bpo-37658), so a task that goes on is cancelled again every `again` seconds: what it
    does to clean up has to be done in that time.
    """
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=again)
    return await asyncio.gather(*tasks, return_exceptions=True)
