"""One partition of a channel, read for one generation as long as this process holds it."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from chassis.bell import Bell
from chassis.persistence.database import Database
from chassis.views.applying import Applier
from chassis.views.checkpoints import CheckpointMovedError, Place, note_end, position
from chassis.views.direct_get import DirectReader, StreamAwayError
from chassis.views.doorbell import Doorbell
from chassis.views.view import View

log = structlog.get_logger(__name__)

_BATCH: Final = 2000
_AFTER_RING_SECONDS: Final = 0.002
_AFTER_EVENTS_SECONDS: Final = 0.05
_IDLE_SECONDS: Final = 4.0
_GROWTH: Final = 3.0
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

    def __init__(
        self,
        database: Database,
        client: Client,
        view: View,
        place: Place,
        *,
        room: asyncio.Semaphore,
        on_applied: Callable[[], None],
    ) -> None:
        [subject] = place.channel.filter_subjects(place.partition)
        self._database = database
        self._place = place
        self._applier = Applier(database, view, place)
        self._bell = Bell()
        self._doorbell = Doorbell(client, subject, self._bell)
        self._reader = DirectReader(client, place.channel.stream, subject)
        self._room = room
        self._on_applied = on_applied
        self._at_end = False

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
        at = await position(self._database, self._place)
        pace, rung = Pace(), False
        while True:
            self._bell.silence()
            await self._doorbell.arm()
            batch = await self._reader.read(at + 1, _BATCH)
            if batch.messages:
                async with self._room:
                    at = await self._applier.apply(at, batch)
                self._at_end = batch.pending == 0
                self._on_applied()
                pace.found()
                if not self._at_end:
                    continue
            else:
                await self._note_end()
                pace.nothing(rung=rung)
            rung = await self._bell.wait(pace.seconds)

    async def _note_end(self) -> None:
        if not self._at_end:
            await note_end(self._database, self._place)
            self._at_end = True
            self._on_applied()

    async def _close(self) -> None:
        await self._doorbell.close()
        await self._reader.close()

    @property
    def _name(self) -> str:
        return str(self._place)
