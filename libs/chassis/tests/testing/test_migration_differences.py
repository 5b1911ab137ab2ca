"""The helper that holds migrations to tables finds what is different."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.persistence.migrations import upgrade
from chassis.testing.migrations import migration_differences

TABLES = """
from sqlalchemy import CheckConstraint, Column, Integer, MetaData, Table

METADATA = MetaData()
parcels = Table(
    "parcels",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("weight", Integer, nullable=False),
    CheckConstraint("weight > 0", name="parcels_weight"),
    postgresql_with={"fillfactor": 70},
)
"""
MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "parcel_0001", None, ("parcel",), None


def upgrade():
    op.create_table(
        "parcels",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.CheckConstraint("weight > 0", name="parcels_weight"),
        postgresql_with={"fillfactor": 70},
    )
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A service's package whose migration and tables agree."""
    name = "parcel_service_with_migrations"
    monkeypatch.syspath_prepend(tmp_path)
    for path, content in {
        "__init__.py": "",
        "persistence/__init__.py": "",
        "persistence/tables.py": TABLES,
        "migrations/versions/parcel_0001.py": MIGRATION,
    }.items():
        file = tmp_path / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    yield name
    for module in [module for module in sys.modules if module.startswith(name)]:
        del sys.modules[module]


async def differences_after(package: str, url: str, change: str) -> list[str]:
    await asyncio.to_thread(upgrade, package, url)
    database = Database(url)
    async with database.engine.begin() as connection:
        await connection.execute(text(change))
    await database.close()
    return await migration_differences(package, url)


async def test_migrations_that_make_the_declared_tables_show_no_difference(
    package: str, database: Any
):
    assert await differences_after(package, database.url, "SELECT 1") == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("ALTER TABLE parcels ADD colour text", "colour"),
        ("ALTER TABLE parcels ALTER weight TYPE bigint", "modify_type"),
        ("ALTER TABLE parcels DROP CONSTRAINT parcels_weight", "not migrated: parcels: parcels_we"),
        ("ALTER TABLE parcels SET (fillfactor = 60)", "not migrated: parcels: fillfactor=70"),
        ("ALTER TABLE parcels ADD CHECK (id > 1)", "not declared: parcels: parcels_id_check"),
        ("DROP TABLE outbox", "outbox"),
    ],
)
async def test_every_kind_of_difference_is_found(
    package: str, database: Any, change: str, found: str
):
    assert found in "\n".join(await differences_after(package, database.url, change))
