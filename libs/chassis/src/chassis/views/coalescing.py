"""Many changes in their order, as few changes in no order: each row once.

Deleting first and putting afterwards comes to the same as the changes one by one: a delete drops
what was put before under its key, and what is put after it stays.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Table

from chassis.views.changes import Change, Delete, Key, Put, primary_key

Rows = list[dict[str, Any]]


class TableChanges:
    """What is to be deleted from one table, and then what is to be put into it.

    `deletes` are by the number of primary key columns that they name.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self.rows: dict[Key, dict[str, Any]] = {}
        self.deletes: dict[int, dict[Key, None]] = {}
        self._width = len(primary_key(table))
        self._children: dict[int, defaultdict[Key, list[Key]]] = {}

    def put(self, change: Put) -> None:
        row = self.rows.get(change.key)
        if row is not None:
            row.update(change.values)
            return
        self.rows[change.key] = change.values.copy()
        for width, children in self._children.items():
            children[change.key[:width]].append(change.key)

    def delete(self, change: Delete) -> None:
        width = len(change.key)
        self.deletes.setdefault(width, {})[change.key] = None
        if width == self._width:
            self.rows.pop(change.key, None)
            return
        for child in self._children_by(width).pop(change.key, ()):
            self.rows.pop(child, None)

    def by_columns(self) -> Iterator[tuple[tuple[str, ...], Rows]]:
        """The rows to put, in groups that set the same columns."""
        groups: defaultdict[frozenset[str], Rows] = defaultdict(list)
        for row in self.rows.values():
            groups[frozenset(row)].append(row)
        for columns, rows in groups.items():
            yield tuple(sorted(columns)), rows

    def _children_by(self, width: int) -> defaultdict[Key, list[Key]]:
        """Rows put so far by the beginning of their keys; kept up from the first such delete on."""
        if width not in self._children:
            children = self._children[width] = defaultdict(list)
            for key in self.rows:
                children[key[:width]].append(key)
        return self._children[width]


class RowChanges:
    """The changes of a batch of events, gathered in their order."""

    def __init__(self) -> None:
        self.tables: dict[Table, TableChanges] = {}

    @property
    def rows(self) -> int:
        """Rows to put."""
        return sum(len(table.rows) for table in self.tables.values())

    def add(self, changes: Iterable[Change]) -> None:
        for change in changes:
            table = self.tables.get(change.table)
            if table is None:
                table = self.tables[change.table] = TableChanges(change.table)
            if isinstance(change, Put):
                table.put(change)
            else:
                table.delete(change)
