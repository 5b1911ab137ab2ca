"""Migrations and declared tables say the same."""

from chassis.testing.migrations import migration_differences


async def test_the_migrated_database_is_what_the_tables_declare(database_url: str):
    assert await migration_differences("shipping_service", database_url) == []
