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
