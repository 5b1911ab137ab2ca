"""The tables of one twin database: in memory, and changed by transactions as a whole or not at all.

Transactions of one database run one after another, so nothing is locked and nothing has to wait.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from typing import Any

from chassis.testing.twins.limits import TwinLimitError

_MISSING: Any = object()

CommitHook = Callable[["Store"], None]


def no_hook(_store: "Store") -> None:
    """Nobody looks at the commits."""


class Store:
    """Rows by table and key. What was changed since the last commit can be rolled back."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.before_commit: CommitHook = no_hook
        self.after_commit: CommitHook = no_hook
        self._tables: defaultdict[str, dict[Hashable, Any]] = defaultdict(dict)
        self._undo: list[tuple[str, Hashable, Any]] = []
        self._last_number = 0
        self._writer: object = None

    def get(self, table: str, key: Hashable) -> Any | None:
        return self._tables[table].get(key)

    def rows(self, table: str) -> list[Any]:
        """All rows, in the order in which their keys came."""
        return list(self._tables[table].values())

    def items(self, table: str) -> Iterator[tuple[Any, Any]]:
        return iter(list(self._tables[table].items()))

    def put(self, table: str, key: Hashable, row: Any) -> None:
        rows = self._tables[table]
        self._undo.append((table, key, rows.get(key, _MISSING)))
        rows[key] = row

    def remove(self, table: str, key: Hashable) -> None:
        rows = self._tables[table]
        self._undo.append((table, key, rows.pop(key)))

    def next_number(self) -> int:
        """What an identity column gives; numbers of what is rolled back are not given again."""
        self._last_number += 1
        return self._last_number

    @property
    def savepoint(self) -> int:
        return len(self._undo)

    @property
    def changes(self) -> Iterator[tuple[str, Any]]:
        """What the transaction has written so far: tables, and rows or None for what it removed."""
        for table, key, _ in self._undo:
            yield table, self._tables[table].get(key)

    def enter(self, transaction: object) -> None:
        """Let a transaction write; raises TwinLimitError while another one has not ended."""
        if self._undo and self._writer is not transaction:
            raise TwinLimitError(
                f"two transactions write to {self.name} at the same time: twins run them one after "
                "another; end the first, or test this on the real database"
            )
        self._writer = transaction

    def forget_changes(self) -> None:
        """Keep what was changed with nobody looking: what the relay does is not counted."""
        self._undo.clear()

    def commit(self) -> None:
        if self._undo:
            self.before_commit(self)
            self._undo.clear()
            self.after_commit(self)

    def roll_back(self, to: int = 0) -> None:
        """Undo everything since a savepoint, or since the last commit."""
        while len(self._undo) > to:
            table, key, row = self._undo.pop()
            if row is _MISSING:
                self._tables[table].pop(key)
            else:
                self._tables[table][key] = row
