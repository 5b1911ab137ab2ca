"""When something that falls due has to be looked at next."""

import asyncio
import contextlib
from datetime import UTC, datetime


class Alarm:
    """Wakes one sleeper at the earliest time that was set; times may be set while it sleeps."""

    def __init__(self) -> None:
        self._earliest: datetime | None = None
        self._came_forward = asyncio.Event()

    def set(self, at: datetime) -> None:
        """Wake the sleeper at this time, unless it wakes before."""
        if self._earliest is None or at < self._earliest:
            self._earliest = at
            self._came_forward.set()

    async def sleep(self, until: datetime) -> None:
        """Sleep until the earliest time set, at most until `until`; then forget all times."""
        self.set(until)
        while (pause := self._pause()) > 0:
            self._came_forward.clear()
            # before Python 3.12 wait_for loses a cancellation that comes together with the alarm
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._came_forward.wait()
        self._earliest = None

    def _pause(self) -> float:
        assert self._earliest is not None, "sleep() sets a time"
        return (self._earliest - datetime.now(UTC)).total_seconds()
