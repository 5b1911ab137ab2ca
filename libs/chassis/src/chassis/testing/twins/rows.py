"""Entities as rows and back: what a flush writes and a query reads, by the mapper's columns."""

import copy
import re
from collections.abc import Hashable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Index, Numeric, Table, UniqueConstraint, inspect
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapper
from sqlalchemy.types import TypeDecorator

from chassis.testing.twins.limits import TwinLimitError

Row = Mapping[str, Any]

_THE_TIME = re.compile(r"now\(\)|_timestamp", re.IGNORECASE)
_DIALECT: Any = postgresql.dialect()  # type: ignore[no-untyped-call]


def mapper_of(entity: Any) -> Mapper[Any]:
    """The mapper of an entity that a twin can keep; raises TwinLimitError for any other."""
    mapper: Mapper[Any] = inspect(entity)
    _check(mapper)
    return mapper


@lru_cache(maxsize=256)
def _check(mapper: Mapper[Any]) -> None:
    if mapper.relationships or mapper.inherits or not isinstance(mapper.local_table, Table):
        raise TwinLimitError(
            f"{mapper.class_.__qualname__} has relationships or inherits: a twin keeps entities of "
            "one table each; load related rows by their keys, or test it on the real database"
        )


def table_of(mapper: Mapper[Any]) -> Table:
    table = mapper.local_table
    assert isinstance(table, Table), "mapper_of() gives mappers of tables"
    return table


def row_of(mapper: Mapper[Any], instance: object) -> dict[str, Any]:
    """What the database would hold of an instance, by column key; defaults are filled in."""
    row: dict[str, Any] = {}
    for attribute, column in _columns(mapper):
        value = getattr(instance, attribute)
        if value is None:
            value = _default(column)
        row[column.key] = _stored(column, value)
    return row


def key_of(mapper: Mapper[Any], row: Row) -> tuple[Hashable, ...]:
    return tuple(row[str(column.key)] for column in mapper.primary_key)


def values_of(mapper: Mapper[Any], row: Row) -> Iterator[tuple[str, Any]]:
    """The attributes of an instance that is read, its values its own."""
    for attribute, column in _columns(mapper):
        value = row[column.key]
        yield attribute, value if isinstance(value, Hashable) else copy.deepcopy(value)


def check_row(table: Table, row: Row, others: Iterator[Row]) -> None:
    """Raise IntegrityError for what is not null or unique and is null or not unique."""
    for column in table.columns:
        if row[column.key] is None and not column.nullable:
            raise _violation(table, f'null value in column "{column.name}"')
    unique = [names for names in _unique(table) if all(row[name] is not None for name in names)]
    if not unique:
        return
    for other in others:
        for names in unique:
            if all(other[name] == row[name] for name in names):
                raise _violation(table, f"duplicate {', '.join(names)}")


def _violation(table: Table, told: str) -> IntegrityError:
    return IntegrityError(f"{told} of {table.name}", None, ValueError(told))


@lru_cache(maxsize=256)
def _unique(table: Table) -> tuple[tuple[str, ...], ...]:
    constraints = [c for c in table.constraints if isinstance(c, UniqueConstraint)]
    indexes = [i for i in table.indexes if i.unique and not _is_partial(i)]
    columns = [one.columns for one in constraints] + [one.columns for one in indexes]
    return tuple(tuple(column.key for column in one) for one in columns)


def _is_partial(index: Index) -> bool:
    return index.dialect_options["postgresql"]["where"] is not None


@lru_cache(maxsize=256)
def _columns(mapper: Mapper[Any]) -> tuple[tuple[str, Column[Any]], ...]:
    found = []
    for attribute in mapper.column_attrs:
        column = attribute.columns[0]
        if not isinstance(column, Column):
            raise TwinLimitError(f"{attribute} is an expression: a twin keeps plain columns only")
        found.append((attribute.key, column))
    return tuple(found)


def _default(column: Column[Any]) -> Any:
    default: Any = column.default
    if default is not None:
        return default.arg(None) if default.is_callable else default.arg
    if column.server_default is None or column is column.table.autoincrement_column:
        return None
    if _THE_TIME.search(str(getattr(column.server_default, "arg", ""))):
        return datetime.now(UTC)
    raise TwinLimitError(
        f"a twin does not know the database's default of {column}: give it in Python, or set it"
    )


def _stored(column: Column[Any], value: Any) -> Any:
    """The value after its way through the database."""
    kind = column.type
    if value is None:
        return None
    if isinstance(kind, TypeDecorator):
        return kind.process_result_value(kind.process_bind_param(value, _DIALECT), _DIALECT)
    if isinstance(value, Decimal) and isinstance(kind, Numeric) and kind.scale is not None:
        return value.quantize(Decimal(1).scaleb(-kind.scale), ROUND_HALF_UP)
    return value if isinstance(value, Hashable) else copy.deepcopy(value)
