"""A view: tables that answer queries, and what each event changes in them.

    METADATA = MetaData(schema=VIEW_SCHEMA)
    orders = Table("orders", METADATA, Column("order_id", Uuid, primary_key=True), ...)

    def order_placed(event: OrderPlaced) -> Iterator[Change]:
        yield put(orders, order_id=event.order_id, customer_id=event.customer_id)

    ORDER_HISTORY = View(
        name="order_history", version=1, tables=METADATA,
        projections=(on(OrderPlaced, order_placed), ...),
    )

A projection sees one event and nothing else: it reads no row and has no side effects, so that a
thousand events are written by a few statements, and a replay does what was done the first time.
Events of one key come in order. Those of different channels come in any order to each other, so
they set columns or tables of their own.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, TypeVar

from sqlalchemy import ARRAY, MetaData, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from chassis.messaging.contracts import Event
from chassis.messaging.topology import Channel, ServiceTopology, TopologyError
from chassis.views.changes import Change

VIEW_SCHEMA: Final = "view"
"""Stands in a view's tables for the schema of whichever generation is meant."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")

E = TypeVar("E", bound=Event)


class ViewError(ValueError):
    """A view is declared in a way that cannot work."""


@dataclass(frozen=True, slots=True)
class Projection:
    """What one event type changes."""

    event: type[Event]
    project: Callable[[Any], Iterable[Change]]


def on(event: type[E], project: Callable[[E], Iterable[Change]]) -> Projection:
    """Apply events of this type by this function, which does no I/O."""
    return Projection(event, project)


@dataclass(frozen=True, kw_only=True)
class View:
    """A named, versioned set of tables and projections.

    `tables` has the schema VIEW_SCHEMA. Raise `version` with every change of the tables or of what
    the projections do: the new version is built beside the old one.
    """

    name: str
    version: int
    tables: MetaData
    projections: tuple[Projection, ...]
    by_type: dict[str, Projection] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_type = {projection.event.wire_type: projection for projection in self.projections}
        object.__setattr__(self, "by_type", by_type)
        if not _NAME.fullmatch(self.name):
            raise ViewError(f"'{self.name}' is no view's name: lower case, digits and underscores")
        if len(by_type) != len(self.projections):
            raise ViewError(f"{self.name} has two projections of one event type; write one")
        for table in self.tables.tables.values():
            _check_table(self.name, table)

    def __hash__(self) -> int:
        return hash((self.name, self.version))

    @property
    def contexts(self) -> tuple[str, ...]:
        """The contexts whose events it shows."""
        return tuple(dict.fromkeys(projection.event.context for projection in self.projections))

    @property
    def shape(self) -> str:
        """A digest of the tables and the event types: what must not change within a version."""
        dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
        parts = sorted(self.by_type)
        for table in self.tables.sorted_tables:
            parts.append(str(CreateTable(table).compile(dialect=dialect)))
            parts += sorted(str(CreateIndex(i).compile(dialect=dialect)) for i in table.indexes)
        return sha256("\n".join(parts).encode()).hexdigest()

    def channels(self, topology: ServiceTopology) -> tuple[Channel, ...]:
        """The channels that it reads; raises TopologyError where one is not declared."""
        declared = {channel.context: channel for channel in topology.reads}
        missing = [context for context in self.contexts if context not in declared]
        if missing:
            raise TopologyError(
                f"the view {self.name} shows events of {', '.join(missing)}, which "
                f"{topology.service} does not read; add the channels to `reads` in its topology"
            )
        return tuple(declared[context] for context in self.contexts)


def _check_table(view: str, table: Table) -> None:
    if table.schema != VIEW_SCHEMA:
        raise ViewError(
            f"{view}: table {table.name} is in no view's schema; "
            "make its metadata `MetaData(schema=VIEW_SCHEMA)`"
        )
    if not table.primary_key.columns:
        raise ViewError(f"{view}: table {table.name} has no primary key, which rows are put by")
    arrays = [column.name for column in table.columns if isinstance(column.type, ARRAY)]
    if arrays:
        raise ViewError(
            f"{view}: {table.name}.{arrays[0]} is an array, and rows are written by arrays; "
            "use JSONB or a table of its own"
        )
