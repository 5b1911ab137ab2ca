"""A view, kept: built when it is missing, fed while the process serves, swapped when rebuilt."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Final
from uuid import UUID

import structlog
from nats.aio.client import Client

from chassis.messaging.topology import ServiceTopology
from chassis.persistence.database import Database
from chassis.tasks import end
from chassis.views.feeding import Feeding
from chassis.views.generation_runner import GenerationRunner
from chassis.views.generations import (
    Current,
    Generation,
    ViewChangedError,
    ViewNotReadyError,
    begin_generation,
    current,
)
from chassis.views.membership import missing_events
from chassis.views.metrics import ViewMetrics
from chassis.views.retirement import tidy
from chassis.views.signal import Signal
from chassis.views.survey import standings
from chassis.views.swap import try_swap
from chassis.views.view import View

log = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 2.0
_LOOK_WHILE_BUILDING_SECONDS: Final = 0.5
_PAUSE_SECONDS: Final = 5.0
_TIDY_SECONDS: Final = 15.0


class KeptView:
    """One view in this process.

    `applied` is fired whenever this process has applied events to it; what other processes apply
    shows in `missing` only.
    """

    def __init__(
        self,
        database: Database,
        view: View,
        topology: ServiceTopology,
        connected: Callable[[], Awaitable[Client]],
    ) -> None:
        self.view = view
        self.applied = Signal()
        self._channels = view.channels(topology)
        self._database = database
        self._connected = connected
        self._metrics = ViewMetrics(view)
        self._live: Generation | None = None
        self._building: Generation | None = None
        self._told: str | None = None
        self._client: Client | None = None
        self._next_tidying = 0.0
        self._next_swap = 0.0
        self._runners: dict[Generation, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Keep the view until cancelled; whatever is away is waited for."""
        try:
            while True:
                pause = await self._look_somehow()
                await asyncio.sleep(pause)
        finally:
            await self._stop(frozenset(self._runners))

    async def missing(self, ids: Collection[UUID]) -> frozenset[UUID]:
        """Those of these events that what is read of the view does not show yet.

        By membership in the live generation's inbox, so a rebuild in between changes nothing.
        Raises ViewNotReadyError.
        """
        return await missing_events(self._database, self.view, ids)

    async def check_ready(self) -> None:
        """Raises ViewNotReadyError or ViewChangedError unless the view can be read."""
        if (await current(self._database, self.view)).live is None:
            raise ViewNotReadyError(f"the view {self.view.name} is being built")

    async def survey(self) -> None:
        """Bring the gauges up to date; raises StreamAwayError or what the database raises."""
        if self._client is not None:
            found = await standings(self._database, self._client, self.view, self._channels)
            self._metrics.surveyed(found)

    async def _look_somehow(self) -> float:
        """Look, whatever happens; returns for how long to rest."""
        try:
            await self._look()
        except ViewChangedError as error:
            log.error("view cannot be kept", view=self.view.name, error=str(error))  # noqa: TRY400
            return _PAUSE_SECONDS
        except Exception as error:  # noqa: BLE001 - the database, mostly; the next look comes
            log.warning("view is not looked after", view=self.view.name, error=str(error)[:300])
        return _LOOK_WHILE_BUILDING_SECONDS if self._building else _LOOK_SECONDS

    async def _look(self) -> None:
        found = await current(self._database, self.view)
        if not found.all:
            found = await self._begin()
        self._live, self._building = found.live, found.building
        await self._feed(found)
        now = asyncio.get_running_loop().time()
        if found.building is not None and now >= self._next_swap:
            await self._swap(found, found.building)
        await self._tidy()

    async def _swap(self, found: Current, building: Generation) -> None:
        outcome = await try_swap(self._database, found)
        if outcome.done:
            self._live, self._building = building, None
            log.info("view is live", view=building.consumer)
            self.applied.fire()
        elif outcome.in_vain:
            self._next_swap = asyncio.get_running_loop().time() + _PAUSE_SECONDS
        elif outcome.waits_for not in (None, self._told):
            log.warning("view waits", view=building.consumer, waits_for=outcome.waits_for)
        self._told = outcome.waits_for

    async def _tidy(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._next_tidying:
            self._next_tidying = now + _TIDY_SECONDS
            await tidy(self._database, self.view)

    async def _begin(self) -> Current:
        generation, new = await begin_generation(self._database, self.view, self._channels)
        if new:
            log.info("view is built", view=generation.consumer, version=self.view.version)
        return Current(live=None, building=generation)

    async def _feed(self, found: Current) -> None:
        self._client = self._client or await self._connected()
        ended = {generation for generation, task in self._runners.items() if task.done()}
        await self._stop(frozenset(self._runners) - frozenset(found.all) | ended)
        for generation in found.all:
            if generation not in self._runners:
                self._start(generation, self._client)

    def _start(self, generation: Generation, client: Client) -> None:
        feeding = Feeding(
            database=self._database,
            client=client,
            view=self.view,
            generation=generation,
            channels=self._channels,
            on_applied=partial(self._on_applied, generation),
            on_buried=self._metrics.buried,
        )
        runner = GenerationRunner(feeding)
        task = asyncio.create_task(runner.run(), name=f"view {generation.consumer}")
        self._runners[generation] = task

    def _on_applied(self, generation: Generation, events: int) -> None:
        self._metrics.applied(events, live=generation == self._live)
        self.applied.fire()

    async def _stop(self, generations: Collection[Generation]) -> None:
        tasks = [self._runners.pop(generation) for generation in generations]
        for result in await end(*tasks):
            if isinstance(result, Exception):
                log.error("feeding a view ended", view=self.view.name, error=repr(result))
