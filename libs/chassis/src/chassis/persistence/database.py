"""A service's own database: the engine and its sessions."""

from typing import Any

import asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from chassis.outbox.session import OutboxSession
from chassis.persistence.driver import Rows, fetch


def driver_url(database_url: str) -> str:
    """The SQLAlchemy form of a plain `postgresql://` URL."""
    url = make_url(database_url).set(drivername="postgresql+asyncpg")
    return url.render_as_string(hide_password=False)


class Database:
    """Sessions on a service's own database.

    Use `async with database.sessions.begin() as session:` for one business transaction; the
    chassis writes its rows through that session and never commits it.
    """

    def __init__(self, database_url: str, *, pool_size: int = 10) -> None:
        self._url = database_url
        self.engine = create_async_engine(
            driver_url(database_url),
            pool_size=pool_size,
            max_overflow=0,
            pool_pre_ping=False,
            hide_parameters=True,  # an error is logged, and parameters are what customers typed
        )
        self.sessions = async_sessionmaker(
            self.engine, sync_session_class=OutboxSession, expire_on_commit=False
        )

    async def connect_driver(self) -> asyncpg.Connection:
        """A connection outside the pool, for what lives as long as a session: leases."""
        return await asyncpg.connect(self._url)

    async def close(self) -> None:
        await self.engine.dispose()


async def fetch_all(session: AsyncSession, sql: str, *arguments: Any) -> Rows:
    """Run one of the chassis's set-based statements on the session's own connection.

    Parameters are `$1`, `$2`, …; arrays are sent as lists. Nothing is compiled and no object is
    made of a row, which is what keeps a batch at a few hundred microseconds a statement.
    """
    connection = (await session.connection()).sync_connection
    assert connection is not None, "a session's connection is open"
    return await fetch(connection, sql, arguments)
