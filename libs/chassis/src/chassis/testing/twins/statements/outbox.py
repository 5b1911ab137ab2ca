"""The twins of what the outbox does in the database."""

from collections.abc import Sequence
from typing import Any

from chassis.outbox.row import OutboxRow
from chassis.testing.twins.statements.rows import OUTBOX
from chassis.testing.twins.store import Store


def insert_messages(store: Store, *columns: Sequence[Any]) -> list[Any]:
    for values in zip(*columns, strict=True):
        store.put(OUTBOX, store.next_number(), OutboxRow(*values))
    return []


def show_outbox(store: Store) -> list[tuple[bytes, bytes]]:
    return [(row.headers, row.body) for row in store.rows(OUTBOX)]
