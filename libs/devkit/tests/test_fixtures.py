import asyncpg
import pytest
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from devkit.embedded.postgres import Database, PostgresServer


async def test_a_test_gets_an_empty_database_that_it_owns(database: Database) -> None:
    connection = await asyncpg.connect(database.url)
    try:
        await connection.execute("create table things (name text)")
        assert await connection.fetchval("select count(*) from things") == 0
        assert await connection.fetchval("select current_database()") == database.name
    finally:
        await connection.close()


async def test_no_role_enters_the_database_of_another(new_database) -> None:
    mine, theirs = new_database(), new_database()
    trespass = mine.url.removesuffix(mine.name) + theirs.name
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
        await asyncpg.connect(trespass)


async def test_nobody_enters_without_the_password(database: Database) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(database.url, password="guessed")


async def test_a_database_is_dropped_though_a_client_still_uses_it(
    postgres_server: PostgresServer,
) -> None:
    lasting = postgres_server.create_database("left_open")
    connection = await asyncpg.connect(lasting.url)
    try:
        postgres_server.drop_database("left_open")
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await asyncpg.connect(postgres_server.url.removesuffix("postgres") + "left_open")
    finally:
        connection.terminate()


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_every_test_starts_without_streams(jetstream: JetStreamContext, turn: str) -> None:
    with pytest.raises(NotFoundError):
        await jetstream.stream_info("left-behind")
    await jetstream.add_stream(name="left-behind", subjects=["left.behind"])


async def test_the_broker_of_the_tests_has_jetstream(nats_url: str, jetstream) -> None:
    assert nats_url.startswith("nats://127.0.0.1:")
    assert (await jetstream.account_info()).streams == 0
