"""Alembic's environment, the same for every service."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from chassis.persistence.relay_role import GRANT_TO_RELAY

_ONE_MIGRATION_AT_A_TIME = 0x10_0000_0001


def run(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_lock(:id)"), {"id": _ONE_MIGRATION_AT_A_TIME})
    connection.commit()
    context.configure(connection=connection, target_metadata=context.config.attributes["metadata"])
    with context.begin_transaction():
        context.run_migrations()
        connection.execute(text(GRANT_TO_RELAY))


async def main() -> None:
    engine = create_async_engine(context.config.attributes["database_url"], poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()


asyncio.run(main())
