"""Waiting until a view shows events, however many readers wait at the same time.

While anybody waits, one query every few hundredths of a second asks for all of them; what this
process applies itself is looked for at once. Nobody holds a connection meanwhile.
"""

import asyncio
from collections.abc import Collection
from typing import Final, Protocol
from uuid import UUID

from chassis.views.signal import Signal

_LOOK_SECONDS: Final = 0.05
_MOST_WAITING: Final = 1000
"""Readers of one process; those who come then are told at once to come again."""


class Shows(Protocol):
    """A view as it is kept: what it shows of events, and when it shows more."""

    @property
    def applied(self) -> Signal: ...

    async def missing(self, ids: Collection[UUID]) -> frozenset[UUID]: ...


class _Reader:
    def __init__(self, missing: frozenset[UUID]) -> None:
        self.missing = missing
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def hear(self, missing: frozenset[UUID]) -> None:
        self.missing &= missing
        if not self.missing and not self.done.done():
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class CatchingUp:
    """Readers of one view who wait for it."""

    def __init__(self, view: Shows) -> None:
        self._view = view
        self._readers: set[_Reader] = set()
        self._looking: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many readers wait."""
        return len(self._readers)

    async def shows(self, ids: frozenset[UUID], within: float) -> bool:
        """Whether the view shows all of these events, now or within so many seconds.

        Raises what the view raises: ViewNotReadyError, or an outage of the database.
        """
        missing = await self._view.missing(ids)
        if not missing:
            return True
        if within <= 0 or len(self._readers) >= _MOST_WAITING:
            return False
        return await self._wait(_Reader(missing), within)

    async def _wait(self, reader: _Reader, within: float) -> bool:
        self._readers.add(reader)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="readers of own writes")
        try:
            async with asyncio.timeout(within):
                await reader.done
        except TimeoutError:
            return False
        finally:
            self._readers.discard(reader)
        return True

    async def _look(self) -> None:
        while self._readers:
            await self._view.applied.wait(_LOOK_SECONDS)
            readers = list(self._readers)
            try:
                missing = await self._view.missing(
                    frozenset().union(*(reader.missing for reader in readers))
                )
            except Exception as error:  # noqa: BLE001 - each reader is told, as if it had asked
                for reader in readers:
                    reader.fail(error)
                continue
            for reader in readers:
                reader.hear(missing)
