"""What ends a poller's rest before its time."""

import asyncio
import contextlib


class Bell:
    """Any number of rings are one. A ring lasts until it is silenced."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    def silence(self) -> None:
        self._rung.clear()

    async def wait(self, seconds: float) -> bool:
        """Until it rings, for `seconds` at the longest; returns whether it has rung."""
        # before Python 3.12 wait_for loses a cancellation that comes together with the ring
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        return self._rung.is_set()
