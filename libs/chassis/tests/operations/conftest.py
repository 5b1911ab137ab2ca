"""A service's database with the chassis's tables, and `chassis …` run on it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from click.testing import Result
from sqlalchemy.ext.asyncio import create_async_engine
from typer.testing import CliRunner

from chassis.cli import app
from chassis.persistence.database import driver_url
from chassis.persistence.tables import METADATA

Run = Callable[..., Awaitable[Result]]


@pytest.fixture
async def tables(database: Any) -> Any:
    engine = create_async_engine(driver_url(database.url))
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    await engine.dispose()
    return database


@pytest.fixture
async def connection(tables: Any) -> Any:
    connection = await asyncpg.connect(tables.url)
    yield connection
    await connection.close()


@pytest.fixture
def run(database: Any) -> Run:
    """Runs `chassis …` on the test's database, whatever comes of it."""

    async def run(*words: str, url: str | None = None) -> Result:
        # in a thread, for the command has an event loop of its own
        return await asyncio.to_thread(
            CliRunner().invoke, app, [*words], env={"DATABASE_URL": url or database.url}
        )

    return run


@pytest.fixture
def chassis(run: Run) -> Callable[..., Awaitable[Any]]:
    """Runs `chassis … --json`, which has to succeed; returns what it prints."""

    async def chassis(*words: str) -> Any:
        result = await run(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return chassis
