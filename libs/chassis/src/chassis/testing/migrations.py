"""Holding a service's migrations to its declared tables.

Use it in one test of each service, on a database that the migrations have made.
"""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from chassis.persistence.database import driver_url
from chassis.persistence.migrations import metadata_of

_DECLARED = "declared_by_metadata"
# Constraints and storage parameters, which Alembic does not compare
_DETAILS = text("""
SELECT relname || ': ' || conname || ' ' || replace(pg_get_constraintdef(c.oid), :schema || '.', '')
FROM pg_constraint AS c JOIN pg_class ON pg_class.oid = conrelid
WHERE relnamespace = CAST(:schema AS regnamespace) AND relname <> 'alembic_version'
UNION ALL
SELECT relname || ': ' || unnest(reloptions)
FROM pg_class WHERE relnamespace = CAST(:schema AS regnamespace)
""")


async def migration_differences(package: str, database_url: str) -> list[str]:
    """What a migrated database and `<package>.persistence.tables` do not agree on.

    The database is left as it was.
    """
    engine = create_async_engine(driver_url(database_url), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_differences, _declared_by(package))
    finally:
        await engine.dispose()


def _declared_by(package: str) -> MetaData:
    together = MetaData()
    for metadata in metadata_of(package):
        for table in metadata.tables.values():
            table.to_metadata(together)
    return together


def _differences(connection: Connection, declared: MetaData) -> list[str]:
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    differences = [str(difference) for difference in compare_metadata(context, declared)]
    return differences + _different_details(connection, declared)


def _different_details(connection: Connection, declared: MetaData) -> list[str]:
    connection.execute(text(f"CREATE SCHEMA {_DECLARED}"))
    declared.create_all(connection.execution_options(schema_translate_map={None: _DECLARED}))
    expected, found = _details(connection, _DECLARED), _details(connection, "public")
    connection.rollback()
    return [f"not migrated: {one}" for one in sorted(expected - found)] + [
        f"not declared: {one}" for one in sorted(found - expected)
    ]


def _details(connection: Connection, schema: str) -> set[str]:
    return set(connection.scalars(_DETAILS, {"schema": schema}))
