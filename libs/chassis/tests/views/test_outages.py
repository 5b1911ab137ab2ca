"""What a view does while a server is away, and afterwards."""

from functools import partial
from typing import Any

import nats
from nats.errors import Error as NatsError

from chassis.messaging.envelope import OutgoingMessage
from devkit.eventually import eventually


def lending(said: Any, day: int) -> OutgoingMessage:
    return OutgoingMessage(message=said.lent(reader="ann", book=f"book-{day}", day=day), key="ann")


EXPECTED = sorted(("ann", f"book-{day}", day) for day in range(20, 60))


async def test_nothing_is_lost_or_given_up_across_a_crash_of_postgresql(
    fresh_postgres_server: Any, nats_client: Any, open_library: Any, said: Any
) -> None:
    database = fresh_postgres_server.create_database("library")
    async with open_library(database.url, nats_client) as library:
        kept = await library.keep()
        before = [lending(said, day) for day in range(20, 40)]
        for message in before:
            await library.send(message)
        await library.until_shown(kept, *(message.message_id for message in before))
        fresh_postgres_server.kill()
        for day in range(40, 60):
            await library.send(lending(said, day))
        fresh_postgres_server.restart()

        await eventually(lambda: _shows_all(library), within=120)
        assert await library.sql("SELECT * FROM dead_letters") == []


async def test_nothing_is_lost_across_a_restart_of_nats(
    database: Any, fresh_nats_server: Any, open_library: Any, said: Any
) -> None:
    client = await nats.connect(
        fresh_nats_server.url, max_reconnect_attempts=-1, reconnect_time_wait=0
    )
    async with open_library(database.url, client) as library:
        await library.keep()
        for day in range(20, 40):
            await library.send(lending(said, day))
        fresh_nats_server.kill()
        fresh_nats_server.restart()
        for day in range(40, 60):
            await eventually(partial(_send, library, lending(said, day)))

        await eventually(lambda: _shows_all(library), within=120)
    await client.close()


async def _send(library: Any, outgoing: OutgoingMessage) -> bool:
    """Sending again is safe: the stream knows the message's id."""
    try:
        await library.send(outgoing)
    except NatsError as error:
        raise AssertionError("NATS is not back yet") from error
    return True


async def _shows_all(library: Any) -> bool:
    try:
        return bool(await library.loans() == EXPECTED)
    except Exception as error:
        raise AssertionError("the view cannot be read yet") from error
