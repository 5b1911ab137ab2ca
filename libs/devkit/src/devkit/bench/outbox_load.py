"""Outbox rows of a known content, and the proof that a stream holds them as it should."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zlib import crc32

import asyncpg
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, StreamConfig

from chassis.ids import new_id
from chassis.messaging.headers import encode_header_block
from devkit.eventually import eventually

SHARDS = 64
PARTITIONS = 4
_INSERT = """
INSERT INTO outbox (message_id, shard, key, subject, headers, body)
SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::bytea[], $6::bytea[])
"""
_FETCH = 1000


@dataclass(frozen=True, slots=True)
class LoadMessage:
    """The `number`-th message of its `key`, as one row of an outbox."""

    message_id: UUID
    key: str
    number: int
    subject: str
    headers: bytes
    body: bytes

    @property
    def shard(self) -> int:
        return crc32(self.key.encode()) % SHARDS


class WrongStreamError(AssertionError):
    """A stream does not hold exactly what was published; the message lists the differences."""


def load_messages(
    count: int, *, keys: int, channel: str = "bench.events", body_bytes: int = 512
) -> list[LoadMessage]:
    """Messages that go round the keys: key 0, key 1, …, key 0 again; eight headers each."""
    return [
        load_message(f"key-{number % keys}", number // keys, channel=channel, body_bytes=body_bytes)
        for number in range(count)
    ]


def load_message(
    key: str, number: int, *, channel: str = "bench.events", body_bytes: int = 512
) -> LoadMessage:
    message_id = new_id()
    body = json.dumps({"key": key, "number": number}).encode()
    return LoadMessage(
        message_id=message_id,
        key=key,
        number=number,
        subject=f"{channel}.Measured.{crc32(key.encode()) % PARTITIONS}",
        headers=_headers(message_id, key),
        body=body + b" " * (body_bytes - len(body)),
    )


def _headers(message_id: UUID, key: str) -> bytes:
    return encode_header_block(
        (
            ("Nats-Msg-Id", str(message_id)),
            ("ce-specversion", "1.0"),
            ("ce-id", str(message_id)),
            ("ce-type", "bench.Measured.v1"),
            ("ce-source", "bench-service"),
            ("ce-time", "2026-01-01T00:00:00Z"),
            ("ce-subject", key),
            ("ce-correlationid", str(message_id)),
        )
    )


async def insert_messages(connection: asyncpg.Connection, messages: Sequence[LoadMessage]) -> None:
    """Insert all in their order with one statement and, outside a transaction, one commit."""
    await connection.execute(
        _INSERT,
        [message.message_id for message in messages],
        [message.shard for message in messages],
        [message.key for message in messages],
        [message.subject for message in messages],
        [message.headers for message in messages],
        [message.body for message in messages],
    )


async def wait_until_empty(connection: asyncpg.Connection, *, within: float = 30) -> None:
    """Until no row is left in the outbox; raises AssertionError."""

    async def is_empty() -> bool:
        return not await connection.fetchval("SELECT EXISTS (SELECT FROM outbox)")

    empty: bool = await eventually(is_empty, within=within)
    assert empty


async def make_stream(jetstream: JetStreamContext, channel: str, **config: Any) -> str:
    """A stream like those of the services, with the channel's subjects; returns its name."""
    name = channel.replace(".", "-")
    await jetstream.add_stream(
        StreamConfig(
            name=name,
            subjects=[f"{channel}.>"],
            discard=DiscardPolicy.NEW,
            allow_atomic=True,
            duplicate_window=120,
            **config,
        )
    )
    return name


async def read_stream(jetstream: JetStreamContext, stream: str) -> list[tuple[str, int]]:
    """Key and number of every message of the stream, in its order."""
    contents = [json.loads(message.data) for message in await _messages(jetstream, stream)]
    return [(content["key"], content["number"]) for content in contents]


async def stored_at(jetstream: JetStreamContext, stream: str) -> dict[str, float]:
    """When the server stored each message, in seconds since 1970, by message id."""
    return {
        (message.headers or {})["Nats-Msg-Id"]: message.metadata.timestamp.timestamp()
        for message in await _messages(jetstream, stream)
    }


async def _messages(jetstream: JetStreamContext, stream: str) -> list[Msg]:
    info = await jetstream.stream_info(stream)
    reader = await jetstream.add_consumer(
        stream, ConsumerConfig(ack_policy=AckPolicy.NONE, inactive_threshold=30)
    )
    subscription = await jetstream.pull_subscribe_bind(consumer=reader.name, stream=stream)
    messages: list[Msg] = []
    while len(messages) < info.state.messages:
        messages += await subscription.fetch(_FETCH, timeout=5)
    await subscription.unsubscribe()
    return messages


def check_stream(found: Iterable[tuple[str, int]], expected: Iterable[LoadMessage]) -> None:
    """Every message once, the messages of each key in their order, and nothing else.

    Raises WrongStreamError.
    """
    sequence = list(found)
    counts = Counter(sequence)
    wanted = {(message.key, message.number) for message in expected}
    twice = [item for item, count in counts.items() if count > 1]
    faults = {
        "missing": sorted(wanted - counts.keys()),
        "foreign": sorted(counts.keys() - wanted),
        "stored twice": sorted(twice),
        "out of order": _inversions(sequence),
    }
    if any(faults.values()):
        raise WrongStreamError(
            ", ".join(
                f"{len(items)} {fault} (first: {items[:3]})"
                for fault, items in faults.items()
                if items
            )
        )


def _inversions(sequence: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    last: dict[str, int] = {}
    inverted = []
    for key, number in sequence:
        if number < last.get(key, -1):
            inverted.append((key, number))
        last[key] = max(number, last.get(key, -1))
    return inverted
