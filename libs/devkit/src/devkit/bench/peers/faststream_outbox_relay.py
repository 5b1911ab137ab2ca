"""faststream-outbox draining a full outbox into JetStream: its fastest set-up that keeps order.

The documented relay (`publisher` stacked on `subscriber`), acknowledged by the stream, with what
its documentation offers for throughput: rows fetched 500 at a time and deleted 100 at a time. One
worker, because more of them publish rows of the same key side by side. Neither logs nor validation,
which cost it a third. Its defaults (10 and 1) are three to four times slower; 8 to 32 workers are
about twice as fast, without order.

`python faststream_outbox_relay.py DATABASE_URL NATS_URL STREAM SUBJECT ROWS` fills a new
outbox table, drains it, and prints one line of JSON. Runs in an environment of its own.
"""
# The package is not in the workspace, and its decorators are therefore untyped:
# mypy: disable-error-code="import-not-found, untyped-decorator"

import asyncio
import json
import sys
import time
from typing import Any

import uvloop
from faststream.nats import NatsBroker
from faststream_outbox import OutboxBroker, make_outbox_table
from sqlalchemy import MetaData, Table, exists, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

_QUEUE = "bench"
_KEYS = 500
_BODY_BYTES = 512
_LOOK_SECONDS = 0.02


async def drain(database_url: str, nats_url: str, stream: str, subject: str, rows: int) -> float:
    """Seconds from the start of the broker to the empty table, the rows being there before."""
    engine = create_async_engine(database_url.replace("postgresql:", "postgresql+asyncpg:"))
    metadata = MetaData()
    table = make_outbox_table(metadata)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.execute(insert(table), _rows(rows))
    nats = NatsBroker(nats_url, logger=None, apply_types=False)
    outbox = OutboxBroker(engine, outbox_table=table, logger=None, apply_types=False)

    @nats.publisher(subject, stream=stream)
    @outbox.subscriber(_QUEUE, max_workers=1, fetch_batch_size=500, terminal_flush_batch_size=100)
    async def relay(body: dict[str, Any]) -> dict[str, Any]:
        return body

    await nats.start()
    began = time.perf_counter()
    await outbox.start()
    await _emptied(engine, table)
    seconds = time.perf_counter() - began
    await outbox.stop()
    await nats.stop()
    await engine.dispose()
    return seconds


def _rows(count: int) -> list[dict[str, Any]]:
    return [
        {
            "queue": _QUEUE,
            "payload": _body(f"key-{number % _KEYS}", number // _KEYS),
            "headers": {"content-type": "application/json", "correlation_id": str(number)},
        }
        for number in range(count)
    ]


def _body(key: str, number: int) -> bytes:
    bare = json.dumps({"key": key, "number": number, "fill": ""})
    return json.dumps(
        {"key": key, "number": number, "fill": "x" * (_BODY_BYTES - len(bare))}
    ).encode()


async def _emptied(engine: AsyncEngine, table: Table) -> None:
    query = select(exists(select(table.c.id)))
    async with engine.connect() as connection:
        while await connection.scalar(query):
            await connection.rollback()
            await asyncio.sleep(_LOOK_SECONDS)


def main() -> None:
    database_url, nats_url, stream, subject, rows = sys.argv[1:]
    seconds = uvloop.run(drain(database_url, nats_url, stream, subject, int(rows)))
    print(json.dumps({"messages_per_s": int(rows) / seconds}))


if __name__ == "__main__":
    main()
