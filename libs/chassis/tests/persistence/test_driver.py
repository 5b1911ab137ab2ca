"""Statements that go straight to the driver belong to their session all the same."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from chassis.persistence.database import Database, fetch_all

_ADD = "INSERT INTO shelves (name) VALUES ($1) RETURNING name"


@pytest.fixture
async def library(database: Any) -> AsyncIterator[Database]:
    service_database = Database(database.url, pool_size=1)
    async with service_database.engine.begin() as connection:
        await connection.execute(text("CREATE TABLE shelves (name text PRIMARY KEY)"))
    yield service_database
    await service_database.close()


async def test_the_first_statement_of_a_session_begins_its_transaction(library: Database) -> None:
    async with library.sessions() as session:
        [row] = await fetch_all(session, _ADD, "poetry")
        assert row.name == "poetry"
        await session.rollback()

    assert await _shelves(library) == []


async def test_it_shares_the_transaction_with_statements_of_the_orm(library: Database) -> None:
    async with library.sessions.begin() as session:
        await session.execute(text("INSERT INTO shelves (name) VALUES ('maps')"))
        assert [row.name for row in await fetch_all(session, "SELECT name FROM shelves")] == [
            "maps"
        ]
        await fetch_all(session, _ADD, "poetry")

    assert await _shelves(library) == ["maps", "poetry"]


async def test_what_the_database_refuses_is_an_error_of_sqlalchemy(library: Database) -> None:
    async with library.sessions.begin() as session:
        await fetch_all(session, _ADD, "poetry")

    with pytest.raises(IntegrityError) as refused:
        async with library.sessions.begin() as session:
            await fetch_all(session, _ADD, "poetry")

    assert refused.value.orig is not None
    assert refused.value.orig.sqlstate == "23505"  # type: ignore[attr-defined]
    assert await _shelves(library) == ["poetry"]


async def test_a_lost_connection_says_so_and_is_replaced(library: Database) -> None:
    async with library.sessions() as session:
        [(pid,)] = await fetch_all(session, "SELECT pg_backend_pid()")
        await _kill(library, pid)
        with pytest.raises(DBAPIError) as lost:
            await fetch_all(session, _ADD, "poetry")

    assert lost.value.connection_invalidated
    assert await _shelves(library) == []


async def test_a_statement_that_is_cancelled_at_any_moment_leaves_the_pool_sound(
    library: Database,
) -> None:
    for moment in range(40):
        async with library.sessions() as session:
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            adding = asyncio.create_task(fetch_all(session, _ADD, f"shelf {moment}"))
            for _ in range(moment):
                await asyncio.sleep(0)
            adding.cancel()
            await asyncio.wait([adding])
            assert adding.cancelled() or adding.exception() is None

        assert await _shelves(library) == []


async def _kill(library: Database, pid: int) -> None:
    other = await library.connect_driver()
    await other.execute("SELECT pg_terminate_backend($1)", pid)
    await other.close()


async def _shelves(library: Database) -> list[str]:
    async with library.sessions.begin() as session:
        return [row[0] for row in await fetch_all(session, "SELECT name FROM shelves ORDER BY 1")]
