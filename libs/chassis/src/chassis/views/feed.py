"""One partition of a channel, read for one generation as long as this process holds it."""

import asyncio
from dataclasses import replace
from typing import Final

import structlog
from nats.errors import Error as NatsError

from chassis.bell import Bell
from chassis.views.applying import Applier
from chassis.views.checkpoints import (
    Checkpoint,
    CheckpointMovedError,
    Place,
    load_checkpoint,
    note_end,
)
from chassis.views.direct_get import DirectReader, StreamAwayError, first_and_last
from chassis.views.doorbell import Doorbell
from chassis.views.feeding import Feeding

log = structlog.get_logger(__name__)

_BATCH: Final = 2000
_AFTER_RING_SECONDS: Final = 0.002
_AFTER_EVENTS_SECONDS: Final = 0.05
_IDLE_SECONDS: Final = 4.0
_GROWTH: Final = 3.0
_RECENT_SECONDS: Final = 60.0
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 5.0


class Pace:
    """The interval between looks into a stream that has nothing new.

    A message rings before it is stored, so a ring that finds nothing is followed by quick looks;
    one that rang for nobody, because the bell was not armed at that moment, is found soon after.
    """

    def __init__(self) -> None:
        self.seconds = _AFTER_EVENTS_SECONDS

    def found(self) -> None:
        self.seconds = _AFTER_EVENTS_SECONDS

    def nothing(self, *, rung: bool) -> None:
        self.seconds = _AFTER_RING_SECONDS if rung else min(self.seconds * _GROWTH, _IDLE_SECONDS)


class ViewFeed:
    """Reads one partition and applies it, from the checkpoint on, until it is cancelled."""

    def __init__(self, feeding: Feeding, place: Place, room: asyncio.Semaphore) -> None:
        [subject] = place.channel.filter_subjects(place.partition)
        self._database = feeding.database
        self._client = feeding.client
        self._place = place
        self._applier = Applier(feeding, place)
        self._bell = Bell()
        self._doorbell = Doorbell(feeding.client, subject, self._bell)
        self._reader = DirectReader(feeding.client, place.channel.stream, subject)
        self._room = room
        self._on_applied = feeding.on_applied
        self._time = asyncio.get_running_loop().time
        self._at_end: float | None = None
        self._next_end = 0.0

    async def run(self) -> None:
        """Follow the stream; what is away is waited for, and nothing is given up meanwhile."""
        pause = _FIRST_PAUSE_SECONDS
        loop = asyncio.get_running_loop()
        try:
            while True:
                began = loop.time()
                try:
                    await self._follow()
                except CheckpointMovedError as error:
                    log.info("checkpoint moved", view=self._name, error=str(error))
                except (StreamAwayError, NatsError, OSError) as error:
                    log.info("stream away", view=self._name, error=str(error) or repr(error))
                except Exception as error:  # noqa: BLE001 - the database, or a bug: nothing is lost
                    log.warning("view waits", view=self._name, error=str(error)[:300])
                if loop.time() - began > _LONGEST_PAUSE_SECONDS:
                    pause = _FIRST_PAUSE_SECONDS
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        finally:
            await self._close()

    async def _follow(self) -> None:
        at = await load_checkpoint(self._database, self._place)
        pace, rung = Pace(), False
        while True:
            self._bell.silence()
            await self._doorbell.arm()
            end = await self._end_if_due()
            async with self._room:
                batch = await self._reader.read(at.sequence + 1, _BATCH)
                at = await self._noticing_gaps(at)
                if batch.messages:
                    at = await self._applier.apply(at, batch)
                    self._on_applied(len(batch.messages))
                    pace.found()
                else:
                    at = await self._note_end(at, end)
                    pace.nothing(rung=rung)
            if batch.pending:
                self._at_end = None
            else:
                self._at_end = self._time()
                rung = await self._bell.wait(pace.seconds)

    async def _noticing_gaps(self, at: Checkpoint) -> Checkpoint:
        """Look whether the stream still had everything behind the checkpoint when it was read.

        A stream keeps messages for hours at least: none is lost that came after a recent look.
        """
        if self._at_end is not None and self._time() - self._at_end < _RECENT_SECONDS:
            return at
        first, _ = await first_and_last(self._client, self._place.channel.stream)
        if first <= max(at.sequence, at.reached) + 1:
            return at
        log.warning("the stream has lost events unread", view=self._name, begins_at=first)
        return replace(at, reached=first - 1, completeness=at.completeness.broken())

    async def _end_if_due(self) -> int:
        """Now and then, where the stream ends: nothing to read means nothing up to there."""
        if self._time() < self._next_end:
            return 0
        self._next_end = self._time() + _RECENT_SECONDS
        _, last = await first_and_last(self._client, self._place.channel.stream)
        return last

    async def _note_end(self, at: Checkpoint, end: int) -> Checkpoint:
        if self._at_end is not None and not end:
            return at
        at = replace(at, reached=max(at.reached, end))
        await note_end(self._database, self._place, at)
        self._on_applied(0)
        return at

    async def _close(self) -> None:
        await self._doorbell.close()
        await self._reader.close()

    @property
    def _name(self) -> str:
        return str(self._place)
