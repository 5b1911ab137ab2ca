"""Bringing gauges up to date before a scrape, without letting the scrapes set the pace."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

log = logging.getLogger(__name__)

Part = Callable[[], Awaitable[None]]

# below the usual scrape interval of 15 s, or every other scrape would find old values
EVERY_SECONDS: Final = 14.0
PATIENCE_SECONDS: Final = 2.0


class Refresh:
    """Calls its parts side by side, at most every `every` seconds, however often it is called.

    A part that takes longer than `patience` is left to end by itself, and one that raises is
    logged: a scrape answers in any case, with the values that there are.
    """

    def __init__(
        self, *parts: Part, every: float = EVERY_SECONDS, patience: float = PATIENCE_SECONDS
    ) -> None:
        self._parts = list(parts)
        self._every = every
        self._patience = patience
        self._next = 0.0
        self._running: asyncio.Task[None] | None = None

    def add(self, part: Part) -> None:
        self._parts.append(part)

    async def __call__(self) -> None:
        if self._running is None and time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every
            self._running = asyncio.create_task(self._refresh(), name="refresh of gauges")
            self._running.add_done_callback(self._ended)
        if self._running is not None:
            await asyncio.wait([self._running], timeout=self._patience)

    async def close(self) -> None:
        """Abandon what is under way."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    def _ended(self, _: asyncio.Task[None]) -> None:
        self._running = None

    async def _refresh(self) -> None:
        results = await asyncio.gather(*(part() for part in self._parts), return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                log.warning("gauges keep their values: %r", result)
