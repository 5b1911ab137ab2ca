"""A view rebuilt from 100,000 events while others come in, against its rows written in bulk."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import nats

from chassis.messaging.provisioner import provision
from chassis.persistence.database import Database
from chassis.persistence.tables import METADATA
from chassis.views import ViewNotReadyError
from chassis.views.generations import Generation, begin_generation, current
from chassis.views.membership import missing_events
from devkit.bench.history_view import HISTORY, OWNERS, READER
from devkit.bench.meter import ProcessCost, percentile
from devkit.bench.view_events import EventPublisher, event_publisher, order_events
from devkit.bench.view_tables import rows_of, write_in_bulk
from devkit.embedded.nats import NatsServer
from devkit.embedded.postgres import PostgresServer
from devkit.eventually import eventually
from devkit.program import Program
from devkit.progress import Stages
from devkit.run_folder import RunFolder

_EVENTS: Final = 100_000
_LIVE_PER_SECOND: Final = 200
_LIVE_TOGETHER: Final = 10
_WITHIN: Final = 600.0
_LOOK_SECONDS: Final = 0.02


class WrongViewError(AssertionError):
    """The rebuilt view differs from one that was never rebuilt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewFigures:
    """A rebuild and what it is compared with; seconds are from the request to the swap.

    `bulk_…`: the same final rows, ready in memory, by INSERT in transactions of 2,000, and by COPY.
    `ratio_to_…`: its seconds divided by the rebuild's, so that 1 would be as fast.
    `live_…`: events published meanwhile, from JetStream's acknowledgement until they could be read.
    """

    events: int
    rows: int
    rebuild_seconds: float
    rebuild_events_per_s: float
    cpu_ms_per_1000_events: float
    bulk_insert_seconds: float
    bulk_copy_seconds: float
    ratio_to_bulk_insert: float
    ratio_to_copy: float
    live_events: int
    live_events_per_s: float
    live_lag_p50_ms: float
    live_lag_p99_ms: float


async def measure_views(folder: RunFolder, stages: Stages) -> ViewFigures:
    """Raises WrongViewError."""
    postgres = PostgresServer(folder.path / "views-postgresql", durable=True)
    server = NatsServer(folder.path / "views-nats", durable=True)
    with postgres, server:
        client = await nats.connect(server.url)
        try:
            await provision(client.jetstream(), [*OWNERS, READER])
            return await _ViewBench(postgres, server, folder, stages).measure()
        finally:
            await client.close()


class _ViewBench:
    def __init__(
        self, postgres: PostgresServer, server: NatsServer, folder: RunFolder, stages: Stages
    ) -> None:
        self._postgres = postgres
        self._server = server
        self._folder = folder
        self._stages = stages
        self._urls: dict[Database, str] = {}

    async def measure(self) -> ViewFigures:
        async with self._database("rebuilt") as rebuilt, self._database("untouched") as untouched:
            with self._stages.stage(f"publishing {_EVENTS:,} events by atomic batches"):
                async with event_publisher(self._server.url) as publisher:
                    history = await publisher.publish(order_events(_EVENTS))
            with self._keeping(rebuilt) as pid, self._keeping(untouched):
                with self._stages.stage("building the view, twice, on two databases"):
                    await _until_shown(rebuilt, history)
                    await _until_shown(untouched, history)
                return await self._rebuild(rebuilt, untouched, pid)

    async def _rebuild(self, rebuilt: Database, untouched: Database, pid: int) -> ViewFigures:
        with self._stages.stage("rebuilding it while events come in"):
            async with _traffic(self._server.url, rebuilt) as traffic:
                cost, began = ProcessCost.of(pid), time.perf_counter()
                generation, _ = await begin_generation(rebuilt, HISTORY, HISTORY.channels(READER))
                await _until_live(rebuilt, generation)
                seconds = time.perf_counter() - began
                cpu = ProcessCost.of(pid).cpu_seconds - cost.cpu_seconds
                live = len(traffic.ids)
        with self._stages.stage("comparing it with one that was never rebuilt"):
            await _until_shown(rebuilt, traffic.ids)
            await _until_shown(untouched, traffic.ids)
            rows = await rows_of(rebuilt, HISTORY, generation)
            if rows != await rows_of(untouched, HISTORY, Generation(HISTORY.name, 1)):
                raise WrongViewError("the rebuilt view differs from one that was never rebuilt")
        with self._stages.stage("writing the same rows in bulk"):
            bulk = await write_in_bulk(rebuilt, HISTORY, rows)
        return ViewFigures(
            events=_EVENTS,
            rows=bulk.rows,
            rebuild_seconds=seconds,
            rebuild_events_per_s=_EVENTS / seconds,
            cpu_ms_per_1000_events=1e6 * cpu / (_EVENTS + 2 * live),
            bulk_insert_seconds=bulk.insert_seconds,
            bulk_copy_seconds=bulk.copy_seconds,
            ratio_to_bulk_insert=bulk.insert_seconds / seconds,
            ratio_to_copy=bulk.copy_seconds / seconds,
            live_events=live,
            live_events_per_s=live / seconds,
            live_lag_p50_ms=1000 * percentile(traffic.lags, 0.5),
            live_lag_p99_ms=1000 * percentile(traffic.lags, 0.99),
        )

    @asynccontextmanager
    async def _database(self, name: str) -> AsyncIterator[Database]:
        url = self._postgres.create_database(name).url
        database = Database(url)
        self._urls[database] = url
        async with database.engine.begin() as connection:
            await connection.run_sync(METADATA.create_all)
        try:
            yield database
        finally:
            await database.close()

    @contextmanager
    def _keeping(self, database: Database) -> Iterator[int]:
        """A process that keeps the view on a database; gives its id."""
        url = self._urls[database]
        program = Program(
            name="view",
            argv=(sys.executable, "-m", "devkit.bench.view_process"),
            env={
                "PATH": os.environ.get("PATH", ""),
                "DATABASE_URL": url,
                "NATS_URL": self._server.url,
            },
            log=self._folder.logs / f"view-{url.rpartition('/')[2]}.log",
            cwd=self._folder.path,
        )
        process = program.spawn()
        try:
            yield process.pid
        finally:
            process.kill()
            process.wait()


class _Traffic:
    """Events that come in all the while, and how long some of them took until they were shown."""

    def __init__(self, publisher: EventPublisher, database: Database) -> None:
        self.ids: list[UUID] = []
        self.lags: list[float] = []
        self.ended = False
        self._publisher = publisher
        self._database = database
        self._watching: set[asyncio.Task[None]] = set()

    async def come(self) -> None:
        began = time.perf_counter()
        while not self.ended:
            ids = await self._publisher.publish(order_events(_LIVE_TOGETHER))
            self.ids += ids
            self._watch(ids[-1])
            due = began + len(self.ids) / _LIVE_PER_SECOND
            await asyncio.sleep(max(due - time.perf_counter(), 0))
        await asyncio.gather(*self._watching)

    def _watch(self, event_id: UUID) -> None:
        task = asyncio.create_task(self._note_lag(event_id, time.perf_counter()))
        self._watching.add(task)
        task.add_done_callback(self._watching.discard)

    async def _note_lag(self, event_id: UUID, published: float) -> None:
        await _until_shown(self._database, [event_id])
        self.lags.append(time.perf_counter() - published)


@asynccontextmanager
async def _traffic(nats_url: str, database: Database) -> AsyncIterator[_Traffic]:
    async with event_publisher(nats_url) as publisher:
        traffic = _Traffic(publisher, database)
        task = asyncio.create_task(traffic.come())
        try:
            yield traffic
        finally:
            traffic.ended = True
            await task


async def _until_live(database: Database, generation: Generation) -> None:
    async def live() -> bool:
        return (await current(database, HISTORY)).live == generation

    found: bool = await eventually(live, within=_WITHIN, every=_LOOK_SECONDS)
    assert found


async def _until_shown(database: Database, ids: Sequence[UUID]) -> None:
    async def shown() -> bool:
        try:
            return not await missing_events(database, HISTORY, ids)
        except ViewNotReadyError:
            return False

    found: bool = await eventually(shown, within=_WITHIN, every=_LOOK_SECONDS)
    assert found
