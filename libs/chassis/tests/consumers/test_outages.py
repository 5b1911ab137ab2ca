"""What consumers do while a server is away, and afterwards."""

from functools import partial
from typing import Any

import nats
from nats.errors import Error as NatsError

from devkit.eventually import eventually

EXPECTED = list(range(100))


async def test_everything_is_handled_once_and_in_order_across_a_restart_of_nats(
    database: Any, fresh_nats_server: Any, open_ledger: Any, note: Any
) -> None:
    client = await nats.connect(
        fresh_nats_server.url, max_reconnect_attempts=-1, reconnect_time_wait=0
    )
    async with open_ledger(database.url, client) as ledger:
        runtime = await ledger.start()

        async def reconnected() -> None:
            runtime.reconnected()

        client._reconnected_cb = reconnected
        for number in range(50):
            await ledger.send(note("a", number))
        fresh_nats_server.kill()
        fresh_nats_server.restart()
        for number in range(50, 100):
            await eventually(partial(_send, ledger, note("a", number)))

        await eventually(lambda: _are_noted(ledger), within=90)
    await client.close()


async def test_everything_is_handled_once_and_in_order_across_a_restart_of_postgresql(
    fresh_postgres_server: Any, nats_client: Any, open_ledger: Any, note: Any
) -> None:
    database = fresh_postgres_server.create_database("ledger")
    async with open_ledger(database.url, nats_client) as ledger:
        await ledger.start()
        for number in range(50):
            await ledger.send(note("a", number))
        fresh_postgres_server.kill()
        for number in range(50, 100):
            await ledger.send(note("a", number))
        fresh_postgres_server.restart()

        await eventually(lambda: _are_noted(ledger), within=90)
        assert await ledger.rows("SELECT * FROM dead_letters") == []


async def _send(ledger: Any, outgoing: Any) -> bool:
    """Sending again is safe: the stream knows the message's id."""
    try:
        await ledger.send(outgoing)
    except NatsError as error:
        raise AssertionError("NATS is not back yet") from error
    return True


async def _are_noted(ledger: Any) -> bool:
    try:
        return bool(await ledger.notes() == EXPECTED)
    except Exception as error:
        raise AssertionError("the database is not back yet") from error
