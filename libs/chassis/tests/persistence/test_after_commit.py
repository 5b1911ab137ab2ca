"""What waits for a commit happens after it, once, or not at all."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from chassis.persistence.after_commit import after_commit
from chassis.persistence.database import Database

pytestmark = pytest.mark.real


@pytest.fixture
async def service_database(database: Any) -> AsyncIterator[Database]:
    service_database = Database(database.url)
    yield service_database
    await service_database.close()


async def test_it_is_called_once_after_the_commit(service_database: Database) -> None:
    calls: list[str] = []
    async with service_database.sessions() as session:
        async with session.begin():
            after_commit(session, lambda: calls.append("committed"))
            async with session.begin_nested():
                await session.execute(text("SELECT 1"))
            assert calls == [], "a savepoint is no commit"
        assert calls == ["committed"]
        async with session.begin():
            await session.execute(text("SELECT 1"))

    assert calls == ["committed"]


async def test_a_rollback_drops_it(service_database: Database) -> None:
    calls: list[str] = []
    async with service_database.sessions() as session:
        after_commit(session, lambda: calls.append("committed"))
        await session.execute(text("SELECT 1"))
        await session.rollback()
        async with session.begin():
            await session.execute(text("SELECT 1"))

    assert calls == []


async def test_rolling_back_to_a_savepoint_drops_only_what_came_since(
    service_database: Database,
) -> None:
    calls: list[str] = []
    async with service_database.sessions.begin() as session:
        after_commit(session, lambda: calls.append("before"))
        savepoint = await session.begin_nested()
        after_commit(session, lambda: calls.append("since"))
        await savepoint.rollback()
        after_commit(session, lambda: calls.append("after"))

    assert calls == ["before", "after"]
