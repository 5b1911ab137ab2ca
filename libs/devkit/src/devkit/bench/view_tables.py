"""The rows of a view's generation: compared with another's, and written again in bulk.

What a rebuild is measured against is the least that could be done: the same final rows, ready as
Python values, into the same empty tables, keys and indexes, and nothing kept of where they come
from. Once by `INSERT … SELECT unnest` in transactions of 2,000 rows, once by one COPY a table.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from chassis.persistence.database import Database
from chassis.views.generations import Generation, create_tables
from chassis.views.view import View

_ROWS: Final = 2_000
_DIALECT: Final = PGDialect_asyncpg()  # type: ignore[no-untyped-call]

Rows = Sequence[tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class BulkFigures:
    """Seconds for all rows of a view."""

    rows: int
    insert_seconds: float
    copy_seconds: float


async def rows_of(database: Database, view: View, generation: Generation) -> dict[str, Rows]:
    """All rows of all tables, in the order of their keys."""
    connection = await database.connect_driver()
    try:
        return {
            table.name: [
                tuple(row)
                for row in await connection.fetch(
                    f"SELECT * FROM {generation.schema}.{table.name} "  # noqa: S608 - declared
                    f"ORDER BY {', '.join(column.name for column in table.primary_key.columns)}"
                )
            ]
            for table in view.tables.sorted_tables
        }
    finally:
        await connection.close()


async def write_in_bulk(database: Database, view: View, rows: Mapping[str, Rows]) -> BulkFigures:
    """Write the rows into tables of their own, twice, and drop them."""
    connection = await database.connect_driver()
    try:
        insert = await _timed(database, connection, view, rows, _insert)
        copy = await _timed(database, connection, view, rows, _copy)
    finally:
        await connection.close()
    return BulkFigures(
        rows=sum(len(one) for one in rows.values()), insert_seconds=insert, copy_seconds=copy
    )


async def _timed(
    database: Database,
    connection: asyncpg.Connection,
    view: View,
    rows: Mapping[str, Rows],
    write: Any,
) -> float:
    bulk = Generation("bench_bulk", 1)
    async with database.engine.begin() as engine_connection:
        await create_tables(engine_connection, view, bulk)
    began = time.perf_counter()
    for table in view.tables.sorted_tables:
        await write(connection, bulk.schema, table, rows[table.name])
    seconds = time.perf_counter() - began
    await connection.execute(f"DROP SCHEMA {bulk.schema} CASCADE")
    return seconds


async def _insert(connection: asyncpg.Connection, schema: str, table: Table, rows: Rows) -> None:
    types = [column.type.compile(_DIALECT) for column in table.columns]
    parameters = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(types, start=1))
    statement = f"INSERT INTO {schema}.{table.name} SELECT * FROM unnest({parameters})"  # noqa: S608
    for start in range(0, len(rows), _ROWS):
        columns = zip(*rows[start : start + _ROWS], strict=True)
        await connection.execute(statement, *(list(column) for column in columns))


async def _copy(connection: asyncpg.Connection, schema: str, table: Table, rows: Rows) -> None:
    await connection.copy_records_to_table(table.name, schema_name=schema, records=rows)
