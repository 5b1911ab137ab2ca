"""What the relay does with an outbox: throughput, latency, and its cost busy and idle."""

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
import nats
from nats.js import JetStreamContext

from chassis.relay.store import SHARDS
from devkit.bench.meter import ProcessCost, StatementMeter, percentile
from devkit.bench.outbox_load import (
    LoadMessage,
    check_stream,
    insert_messages,
    load_message,
    load_messages,
    make_stream,
    read_stream,
    stored_at,
    wait_until_empty,
)
from devkit.bench.outbox_schema import create_outbox
from devkit.bench.relay_process import RelayProcess
from devkit.embedded.nats import NatsServer
from devkit.embedded.postgres import Database, PostgresServer
from devkit.eventually import eventually

_ROWS_A_TRANSACTION = 1000
_KEYS = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class LatencyFigures:
    """From the acknowledged commit to the stream's own time of storing, in milliseconds."""

    p50: float
    p99: float


@dataclass(frozen=True, kw_only=True, slots=True)
class RelayFigures:
    """`latency_ms` is by rows committed a second, each in a transaction of its own."""

    messages_per_s: float
    bare_messages_per_s: float
    ratio_to_bare_batches: float
    statements_per_message: float
    cpu_ms_per_1000_messages: float
    rss_mib: float
    start_seconds: float
    idle_queries_per_s: float
    latency_ms: dict[str, LatencyFigures]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """One relay with its surroundings; `owner` writes as the service, `meter` counts the relay."""

    relay: RelayProcess
    owner: asyncpg.Connection
    jetstream: JetStreamContext
    meter: StatementMeter
    nats_url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Drained:
    messages_per_s: float
    statements: int
    cpu_seconds: float


async def measure_relay(
    postgres: PostgresServer,
    nats_server: NatsServer,
    folder: Path,
    *,
    messages: int = 20_000,
    rounds: int = 3,
    rates: Sequence[int] = (50, 500),
    seconds_a_rate: float = 8,
    idle_seconds: float = 48,
) -> RelayFigures:
    """Measure one relay process on the given servers; `folder` takes its log.

    Throughput is the median of rounds that alternate with bare batches. Start the servers as
    `durable`, or the disk is left out of the picture. Raises WrongStreamError where a stream does
    not hold every message once and each key in order.
    """
    async with _place(postgres, nats_server, folder) as place:
        start_seconds = await _start(place)
        drains, bare = [], []
        for number in range(rounds):
            bare.append(await _bare(place, f"bare{number}.events", messages))
            drains.append(await _drain(place, f"drain{number}.events", messages))
        rss_mib = ProcessCost.of(place.relay.pid).rss_mib
        latency = {str(rate): await _latency(place, rate, seconds_a_rate) for rate in rates}
        idle = await _idle(place, idle_seconds)
    speed = statistics.median(drain.messages_per_s for drain in drains)
    return RelayFigures(
        messages_per_s=speed,
        bare_messages_per_s=statistics.median(bare),
        ratio_to_bare_batches=statistics.median(
            drain.messages_per_s / limit for drain, limit in zip(drains, bare, strict=True)
        ),
        statements_per_message=max(drain.statements for drain in drains) / messages,
        cpu_ms_per_1000_messages=statistics.median(drain.cpu_seconds for drain in drains)
        * 1_000_000
        / messages,
        rss_mib=rss_mib,
        start_seconds=start_seconds,
        idle_queries_per_s=idle,
        latency_ms=latency,
    )


@asynccontextmanager
async def _place(
    postgres: PostgresServer, nats_server: NatsServer, folder: Path
) -> AsyncIterator[_Place]:
    async with AsyncExitStack() as stack:
        database = await asyncio.to_thread(postgres.create_database, "relay_bench")
        stack.callback(postgres.drop_database, database.name)
        await create_outbox(database.url)
        owner = await asyncpg.connect(_as_superuser(postgres, database))
        stack.push_async_callback(owner.close)
        meter = StatementMeter(owner, database.name)
        await meter.prepare()
        connection = await nats.connect(nats_server.url)
        stack.push_async_callback(connection.close)
        relay = RelayProcess(database_url=database.url, nats_url=nats_server.url, folder=folder)
        yield _Place(
            relay=stack.enter_context(relay),
            owner=owner,
            jetstream=connection.jetstream(),
            meter=meter,
            nats_url=nats_server.url,
        )


def _as_superuser(postgres: PostgresServer, database: Database) -> str:
    return urlsplit(postgres.url)._replace(path=f"/{database.name}").geturl()


async def _start(place: _Place) -> float:
    """Seconds from the start of a process to its holding every shard."""
    place.relay.kill()
    began = time.perf_counter()
    place.relay.start()

    async def ready() -> bool:
        try:
            return (await place.relay.metrics())["outbox_shards_held"] == SHARDS
        except httpx.HTTPError as error:
            raise AssertionError("the relay does not answer yet") from error

    is_ready: bool = await eventually(ready, within=30)
    return (time.perf_counter() - began) * is_ready


async def _drain(place: _Place, channel: str, count: int) -> _Drained:
    """From the commit that makes all rows visible to the empty outbox."""
    stream = await make_stream(place.jetstream, channel)
    messages = load_messages(count, keys=_KEYS, channel=channel)
    async with place.owner.transaction():
        for start in range(0, count, _ROWS_A_TRANSACTION):
            await insert_messages(place.owner, messages[start : start + _ROWS_A_TRANSACTION])
        cost, statements = await _cost(place)
    began = time.perf_counter()
    place.relay.poke()
    await _published(place, stream, count)
    await wait_until_empty(place.owner)
    seconds = time.perf_counter() - began
    cost_after, statements_after = await _cost(place)
    check_stream(await read_stream(place.jetstream, stream), messages)
    await place.jetstream.delete_stream(stream)
    return _Drained(
        messages_per_s=count / seconds,
        statements=statements_after - statements,
        cpu_seconds=cost_after.cpu_seconds - cost.cpu_seconds,
    )


async def _cost(place: _Place) -> tuple[ProcessCost, int]:
    return ProcessCost.of(place.relay.pid), await place.meter.statements()


async def _published(place: _Place, stream: str, count: int) -> None:
    """Asks the broker, for whom that is little; a query would wade through the deleted rows."""

    async def is_complete() -> bool:
        return (await place.jetstream.stream_info(stream)).state.messages >= count

    complete: bool = await eventually(is_complete, within=120, every=0.01)
    assert complete


async def _bare(place: _Place, channel: str, count: int) -> float:
    stream = await make_stream(place.jetstream, channel)
    command = ("-m", "devkit.bench.bare_batches", place.nats_url, channel, str(count))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    await place.jetstream.delete_stream(stream)
    return float(output)


async def _latency(place: _Place, rate: int, seconds: float) -> LatencyFigures:
    channel = f"latency{rate}.events"
    stream = await make_stream(place.jetstream, channel)
    committed: dict[str, float] = {}
    messages: list[LoadMessage] = []
    began = time.perf_counter()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(began + number / rate - time.perf_counter(), 0))
        message = load_message(f"key-{number % _KEYS}", number // _KEYS, channel=channel)
        await insert_messages(place.owner, [message])
        committed[str(message.message_id)] = time.time()
        place.relay.poke()
        messages.append(message)
    await wait_until_empty(place.owner)
    check_stream(await read_stream(place.jetstream, stream), messages)
    stored = await stored_at(place.jetstream, stream)
    await place.jetstream.delete_stream(stream)
    lags = [1000 * (stored[message_id] - at) for message_id, at in committed.items()]
    return LatencyFigures(p50=percentile(lags, 0.5), p99=percentile(lags, 0.99))


async def _idle(place: _Place, seconds: float) -> float:
    """Statements a second with nothing to do, one scrape of the metrics every 15 s included."""
    before = await place.meter.statements()
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        await place.relay.metrics()
        await asyncio.sleep(min(15.0, seconds))
    return (await place.meter.statements() - before) / (time.perf_counter() - began)
