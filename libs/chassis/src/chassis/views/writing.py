"""Writing a batch's changes: for each table, one statement to delete and few to upsert.

Rows travel as one array for each column, so a statement's text does not depend on their number and
is prepared once.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Column, Table
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.database import fetch_all
from chassis.views.coalescing import RowChanges, TableChanges

_DIALECT: Final = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
_QUOTE: Final = _DIALECT.identifier_preparer.quote

Encode = Callable[[Any], Any]


_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1, 1))"
_LARGE: Final = 100


async def write(session: AsyncSession, changes: RowChanges, schema: str) -> None:
    """Write changes into a generation's schema with the caller's transaction.

    Rows that events of several channels fill are locked in no common order. Large batches, which
    would meet in them, are written one after the other; small ones may have to be tried again.

    Tables are written in the order of their foreign keys, if they have any.
    """
    if changes.rows > _LARGE:
        await fetch_all(session, _ONE_AT_A_TIME, schema)
    ordered = sorted(changes.tables.values(), key=lambda one: _rank(one.table))
    for table in reversed(ordered):
        await _delete(session, table, schema)
    for table in ordered:
        await _put(session, table, schema)


async def _delete(session: AsyncSession, changes: TableChanges, schema: str) -> None:
    for width, keys in changes.deletes.items():
        columns = tuple(column.name for column in changes.table.primary_key.columns)[:width]
        statement, encoders = _delete_statement(changes.table, columns, schema)
        values = zip(*keys, strict=True)
        arrays = [_array(one, encode) for one, encode in zip(values, encoders, strict=True)]
        await fetch_all(session, statement, *arrays)


async def _put(session: AsyncSession, changes: TableChanges, schema: str) -> None:
    for columns, rows in changes.by_columns():
        statement, encoders = _put_statement(changes.table, columns, schema)
        arrays = [
            _array(map(itemgetter(name), rows), encode)
            for name, encode in zip(columns, encoders, strict=True)
        ]
        await fetch_all(session, statement, *arrays)


def _array(values: Any, encode: Encode | None) -> list[Any]:
    return list(values) if encode is None else [encode(value) for value in values]


@lru_cache(maxsize=512)
def _put_statement(
    table: Table, columns: tuple[str, ...], schema: str
) -> tuple[str, Sequence[Encode | None]]:
    chosen = [table.columns[name] for name in columns]
    key = [_QUOTE(column.name) for column in table.primary_key.columns]
    names = [_QUOTE(name) for name in columns]
    others = [name for name in names if name not in key]
    settings = ", ".join(f"{name} = EXCLUDED.{name}" for name in others)
    action = f"DO UPDATE SET {settings}" if others else "DO NOTHING"
    statement = (
        f"INSERT INTO {_name(table, schema)} ({', '.join(names)}) "  # noqa: S608 - declared names
        f"SELECT * FROM unnest({_parameters(chosen)}) "
        f"ON CONFLICT ({', '.join(key)}) {action}"
    )
    return statement, [_encoder(column) for column in chosen]


@lru_cache(maxsize=128)
def _delete_statement(
    table: Table, columns: tuple[str, ...], schema: str
) -> tuple[str, Sequence[Encode | None]]:
    chosen = [table.columns[name] for name in columns]
    names = ", ".join(_QUOTE(name) for name in columns)
    statement = (
        f"DELETE FROM {_name(table, schema)} "  # noqa: S608 - declared names
        f"WHERE ({names}) IN (SELECT * FROM unnest({_parameters(chosen)}))"
    )
    return statement, [_encoder(column) for column in chosen]


def _parameters(columns: Sequence[Column[Any]]) -> str:
    types = (column.type.compile(_DIALECT) for column in columns)
    return ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(types, start=1))


def _encoder(column: Column[Any]) -> Encode | None:
    encode: Encode | None = column.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
    return encode


def _name(table: Table, schema: str) -> str:
    return f"{_QUOTE(schema)}.{_QUOTE(table.name)}"


def _rank(table: Table) -> int:
    return _ranks(table.metadata)[table]


@lru_cache(maxsize=32)
def _ranks(metadata: Any) -> Mapping[Table, int]:
    return {table: rank for rank, table in enumerate(metadata.sorted_tables)}
