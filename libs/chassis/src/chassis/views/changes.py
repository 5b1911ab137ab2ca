"""What a projection makes of an event: changes to the rows of its view's tables."""

from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Table

Key = tuple[Any, ...]


class ChangeError(ValueError):
    """A change names columns in a way that cannot work."""


class Put(NamedTuple):
    """Insert a row, or set these columns of the row that is there."""

    table: Table
    key: Key
    values: dict[str, Any]


class Delete(NamedTuple):
    """Delete all rows with this beginning of the primary key."""

    table: Table
    key: Key


Change = Put | Delete


def put(table: Table, **values: Any) -> Put:
    """Insert a row with these values, or set them in the row with the same primary key.

    The whole primary key is among the values. Columns that are not named stay as they are; in a new
    row they are NULL or have the server's default, so what other events fill is nullable.
    Raises ChangeError for a column that is missing or not there.
    """
    key = tuple([values[name] for name in _key_to_put(table, tuple(values))])
    hash(key)
    return Put(table, key, values)


def delete(table: Table, **key: Any) -> Delete:
    """Delete the rows whose primary key begins with these values: one row, or all of a parent.

    Raises ChangeError where they are no beginning of the primary key.
    """
    values = tuple([key[name] for name in _key_to_delete(table, tuple(key))])
    hash(values)
    return Delete(table, values)


_SHAPES: Final = 1024


@lru_cache(maxsize=_SHAPES)
def _key_to_put(table: Table, names: tuple[str, ...]) -> tuple[str, ...]:
    key = primary_key(table)
    unknown = [name for name in names if name not in table.columns or table.c[name].computed]
    if unknown:
        raise ChangeError(f"{table.name} has no column {', '.join(unknown)} to put")
    missing = [name for name in key if name not in names]
    if missing:
        raise ChangeError(f"a row is put into {table.name} without {', '.join(missing)} of its key")
    return key


@lru_cache(maxsize=_SHAPES)
def _key_to_delete(table: Table, names: tuple[str, ...]) -> tuple[str, ...]:
    beginning = primary_key(table)[: len(names)]
    if not names or set(names) != set(beginning):
        raise ChangeError(
            f"{', '.join(names) or 'nothing'} is no beginning of {table.name}'s primary key "
            f"({', '.join(primary_key(table))})"
        )
    return beginning


def primary_key(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.primary_key.columns)
