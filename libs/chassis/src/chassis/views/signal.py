"""Telling whoever waits in this process that something has happened, any number of them."""

import asyncio
import contextlib


class Signal:
    """Wakes everybody who waits at that moment; nothing is kept for those who come later."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def fire(self) -> None:
        self._next.set()
        self._next = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Until it is fired, for `seconds` at the longest."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._next.wait()
