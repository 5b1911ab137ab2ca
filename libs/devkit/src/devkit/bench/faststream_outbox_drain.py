"""faststream-outbox draining the same number of rows on the same servers."""

import asyncio
import json

import nats

from devkit.bench.outbox_load import WrongStreamError, load_messages, make_stream, read_stream
from devkit.bench.peer_environment import PeerEnvironment
from devkit.embedded.nats import NatsServer
from devkit.embedded.postgres import PostgresServer

_PROGRAM = "faststream_outbox_relay.py"
_DATABASE = "faststream_outbox"
_CHANNEL = "peer.events"
_KEYS = 500


async def drain_by_faststream_outbox(
    peers: PeerEnvironment, postgres: PostgresServer, nats_server: NatsServer, messages: int
) -> float:
    """Messages a second in its fastest ordered set-up.

    Raises WrongStreamError where a message is missing or a key is out of order; duplicates are
    within its contract.
    """
    database = await asyncio.to_thread(postgres.create_database, _DATABASE)
    connection = await nats.connect(nats_server.url)
    jetstream = connection.jetstream()
    stream = await make_stream(jetstream, _CHANNEL)
    subject = f"{_CHANNEL}.Measured.0"
    try:
        output = await peers.run(
            _PROGRAM,
            database.url,
            nats_server.url,
            stream,
            subject,
            str(messages),
        )
        _check(await read_stream(jetstream, stream), messages)
    finally:
        await jetstream.delete_stream(stream)
        await connection.close()
        await asyncio.to_thread(postgres.drop_database, _DATABASE)
    return float(json.loads(output)["messages_per_s"])


def _check(found: list[tuple[str, int]], messages: int) -> None:
    first_times = list(dict.fromkeys(found))
    expected = [
        (message.key, message.number)
        for message in load_messages(messages, keys=_KEYS, channel=_CHANNEL)
    ]
    if sorted(first_times) != sorted(expected):
        raise WrongStreamError(f"{len(first_times)} of {messages} messages are in the stream")
    # one worker and one table: the order is that of the rows
    if first_times != expected:
        raise WrongStreamError("the peer's stream is out of order")
