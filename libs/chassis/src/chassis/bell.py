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
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), seconds)
        return self._rung.is_set()
