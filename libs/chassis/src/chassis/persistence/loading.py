"""Loading the aggregates of a whole batch at once, before the functions that use them run.

    handle(ReserveCredit, reserve_credit, loads=(load(CustomerRow, by=lambda c: c.customer_id),))

Each function stays written for one message: its `await session.get(CustomerRow, …)` finds the row
in the session, locked.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, any_, inspect, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.util import identity_key

E = TypeVar("E")
Identities = Hashable | Iterable[Hashable] | None

_PRELOADED = "chassis.preloaded"


class LoadError(TypeError):
    """An entity cannot be preloaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Which rows of an entity a message or a saga's data needs; see `load`."""

    entity: type[Any]
    by: Callable[[Any], Identities]

    def identities(self, subject: object) -> frozenset[Hashable]:
        """The primary keys to load for one message or one saga's data."""
        found = self.by(subject)
        if found is None:
            return frozenset()
        if isinstance(found, Iterable) and not isinstance(found, str | bytes):
            return frozenset(found)
        return frozenset((found,))


def load(entity: type[Any], *, by: Callable[[Any], Identities]) -> Load:
    """Declare what to load: `by` gives one primary key, several, or None for nothing.

    Raises LoadError for an entity whose primary key is not one column.
    """
    _primary_key(entity)
    return Load(entity=entity, by=by)


async def preload(session: AsyncSession, pairs: Iterable[tuple[Load, object]]) -> None:
    """Load and lock everything that the pairs of load and subject name: a statement an entity.

    Rows are locked in the order of their primary keys and entities in that of their names, so that
    two batches wait for each other and never deadlock. A row that does not exist is left out. The
    session keeps what was loaded: it refers to its objects only weakly by itself.
    """
    wanted: dict[type[Any], set[Hashable]] = {}
    for declared, subject in pairs:
        wanted.setdefault(declared.entity, set()).update(declared.identities(subject))
    for entity in sorted(wanted, key=lambda entity: entity.__qualname__):
        if wanted[entity]:
            await _load_and_lock(session, entity, list(wanted[entity]))


def loaded(session: AsyncSession, entity: type[E], key: Hashable) -> E | None:
    """The row with this primary key, if the session has it: for what `preload` need not have found.

    Where `session.get` would ask the database for each row that does not exist, this asks nobody.
    """
    return session.sync_session.identity_map.get(identity_key(entity, key))


async def _load_and_lock(session: AsyncSession, entity: type[Any], keys: list[Hashable]) -> None:
    primary_key = _primary_key(entity)
    # ANY of an array is one prepared statement whatever the number of keys
    any_of_keys = any_(literal(keys, ARRAY(primary_key.type)))
    statement = (
        select(entity)
        .where(primary_key == any_of_keys)
        .order_by(primary_key)
        .with_for_update(of=entity)
        .execution_options(populate_existing=True)
    )
    rows = (await session.scalars(statement)).unique().all()
    session.info.setdefault(_PRELOADED, []).extend(rows)


def _primary_key(entity: type[Any]) -> ColumnElement[Any]:
    columns: tuple[ColumnElement[Any], ...] = inspect(entity).primary_key
    if len(columns) != 1:
        raise LoadError(
            f"{entity.__qualname__} has a primary key of {len(columns)} columns; only entities "
            "with a primary key of one column can be preloaded: load it in the handler instead"
        )
    return columns[0]
