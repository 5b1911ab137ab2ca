"""Sessions on a twin database: SQLAlchemy's own, with the tables of a `Store` below them.

Identity map, unit of work, events, savepoints and the outbox are the real ones; what would go to
PostgreSQL goes to the store. What a twin cannot do raises TwinLimitError.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from types import SimpleNamespace
from typing import Any, TypeVar

from sqlalchemy import Insert, Select, Table, event, inspect
from sqlalchemy.engine import IteratorResult, Result
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapper, SessionTransaction, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key

from chassis.outbox.session import OutboxSession
from chassis.testing.twins import rows
from chassis.testing.twins.limits import TwinLimitError
from chassis.testing.twins.rows import Row
from chassis.testing.twins.store import Store
from chassis.testing.twins.where import Condition, in_order

E = TypeVar("E")
StatementTwin = Callable[..., Sequence[Any]]
"""`(store, *arguments) -> rows`: what a statement of one's own does, in Python."""

_SAVEPOINTS = "chassis.twins.savepoints"


class TwinSyncSession(OutboxSession):
    """The session behind an `AsyncSession`; it has no engine and never gets one."""

    def __init__(
        self, *args: Any, store: Store, statements: Mapping[str, StatementTwin], **kwargs: Any
    ) -> None:
        self.store = store
        self.statements = statements
        super().__init__(*args, **kwargs)

    def get_bind(self, *_args: Any, **_kwargs: Any) -> Any:
        raise TwinLimitError(
            f"this goes to the database directly, and {self.store.name} is a twin: use get, add, "
            "delete and simple selects of entities, or test it on the real database"
        )

    def connection(self, *_args: Any, **_kwargs: Any) -> Any:
        """What `chassis.persistence.driver.fetch` needs of a connection."""
        self._autobegin_t()
        driver = SimpleNamespace(fetch=self._fetch)
        adapted = SimpleNamespace(
            _transaction=self, driver_connection=driver, _handle_exception=_raise
        )
        return SimpleNamespace(
            connection=SimpleNamespace(dbapi_connection=adapted),
            dispatch=SimpleNamespace(before_cursor_execute=()),
            _handle_dbapi_exception=_raise,
        )

    async def _fetch(self, sql: str, *arguments: Any, **_options: object) -> Sequence[Any]:
        twin = self.statements.get(sql)
        if twin is None:
            raise TwinLimitError(
                f"no twin of this statement is known to {self.store.name}; give one in "
                f"`Parts(statements={{sql: function}})`:\n{sql.strip()}"
            )
        self.store.enter(self)
        try:
            return twin(self.store, *arguments)
        except (TypeError, ValueError) as error:
            raise TwinLimitError(
                f"the twin {twin.__module__}.{twin.__qualname__} does not fit its statement any "
                f"more: {error}\n{sql.strip()}"
            ) from error

    def get(
        self,
        entity: Any,
        ident: Any,
        *,
        populate_existing: bool | None = False,
        with_for_update: Any = None,
        **_others: Any,
    ) -> Any:
        mapper = rows.mapper_of(entity)
        key = ident if isinstance(ident, tuple) else (ident,)
        fresh = bool(populate_existing) or with_for_update is not None
        known = self.identity_map.get(identity_key(entity, key))
        if known is not None and not fresh:
            return known
        if fresh:
            self._autoflush()
        row = self.store.get(rows.table_of(mapper).name, key)
        return None if row is None else self._instance(mapper, row, refresh=fresh)

    def execute(
        self, statement: Any, params: Any = None, *, execution_options: Any = None, **_others: Any
    ) -> Result[Any]:
        if self.autoflush:
            self.flush()
        options = {**statement.get_execution_options(), **(execution_options or {})}
        refresh = bool(options.get("populate_existing"))
        if isinstance(statement, Select):
            return self._select(statement, params or {}, refresh=refresh)
        if isinstance(statement, Insert):
            return self._insert(statement)
        raise TwinLimitError(
            f"a twin executes selects of entities only, and not `{statement}`: change entities "
            "that you have loaded, or test it on the real database"
        )

    def scalars(self, statement: Any, params: Any = None, **others: Any) -> Any:
        return self.execute(statement, params, **others).scalars()

    def scalar(self, statement: Any, params: Any = None, **others: Any) -> Any:
        return self.execute(statement, params, **others).scalar()

    def refresh(self, instance: object, *_args: Any, **_kwargs: Any) -> None:
        mapper = rows.mapper_of(type(instance))
        key = tuple(mapper.primary_key_from_instance(instance))
        row = self.store.get(rows.table_of(mapper).name, key)
        if row is None:
            raise TwinLimitError(
                f"{instance!r} is not in {self.store.name}: it cannot be refreshed"
            )
        self._instance(mapper, row, refresh=True)

    def flush(self, objects: Any = None) -> None:
        if objects is not None:
            raise TwinLimitError(
                "a twin flushes everything or nothing: call flush() without objects"
            )
        if self._is_clean():
            return
        self._autobegin_t()
        self.store.enter(self)
        written = [*self.new, *(one for one in self.dirty if self.is_modified(one))]
        for instance in written:
            self._write(instance, is_new=instance in self.new)
        unchanged = [one for one in self.dirty if one not in written]
        for instance in self.deleted:
            mapper = rows.mapper_of(type(instance))
            key = tuple(mapper.primary_key_from_instance(instance))
            self.store.remove(rows.table_of(mapper).name, key)
        self._remove_newly_deleted([inspect(one) for one in self.deleted])
        self._register_persistent({inspect(one) for one in chain(written, unchanged)})

    def _write(self, instance: object, *, is_new: bool) -> None:
        mapper = rows.mapper_of(type(instance))
        table, row = rows.table_of(mapper), rows.row_of(mapper, instance)
        self._number(mapper, row)
        key = rows.key_of(mapper, row)
        if is_new and self.store.get(table.name, key) is not None:
            told = f"duplicate key {key} of {table.name}"
            raise IntegrityError(told, None, ValueError(told))
        others = (other for at, other in self.store.items(table.name) if at != key)
        rows.check_row(table, row, others)
        self.store.put(table.name, key, row)
        for attribute, value in rows.values_of(mapper, row):
            set_committed_value(instance, attribute, value)

    def _number(self, mapper: Mapper[Any], row: dict[str, Any]) -> None:
        numbered = rows.table_of(mapper).autoincrement_column
        if numbered is not None and row[numbered.key] is None:
            row[numbered.key] = self.store.next_number()

    def _select(
        self, statement: Select[Any], parameters: Mapping[str, Any], *, refresh: bool
    ) -> Result[Any]:
        mapper = _entity_of(statement)
        name = rows.table_of(mapper).name
        condition = Condition(name, statement.whereclause, parameters)
        found = [row for row in self.store.rows(name) if condition.holds(row)]
        found = in_order(found, tuple(statement._order_by_clauses))
        found = found[_limits(statement)]
        descriptions = statement.column_descriptions
        columns = [_reader(description, mapper) for description in descriptions]
        instances = [self._instance(mapper, row, refresh=refresh) for row in found]
        return IteratorResult(
            SimpleResultMetaData([description["name"] for description in descriptions]),
            iter([tuple(read(instance) for read in columns) for instance in instances]),
        )

    def _insert(self, statement: Insert) -> Result[Any]:
        """`INSERT … ON CONFLICT DO NOTHING RETURNING <key>` of one row, as by `add_if_new`."""
        table = statement.table
        if not isinstance(table, Table):
            raise TwinLimitError(f"a twin inserts into tables, and not `{statement}`")
        row: dict[str, Any] = dict.fromkeys(column.key for column in table.columns)
        row |= {key: value for key, value in statement.compile().params.items() if key in row}
        names = [column.key for column in table.primary_key]
        key = tuple(row[name] for name in names)
        is_new = self.store.get(table.name, key) is None
        if is_new:
            self.store.enter(self)
            self._autobegin_t()
            rows.check_row(table, row, (other for _, other in self.store.items(table.name)))
            self.store.put(table.name, key, row)
        elif statement._post_values_clause is None:
            told = f"duplicate key {key} of {table.name}"
            raise IntegrityError(told, None, ValueError(told))
        return IteratorResult(SimpleResultMetaData(names), iter([key] if is_new else []))

    def _instance(self, mapper: Mapper[Any], row: Row, *, refresh: bool) -> Any:
        key = rows.key_of(mapper, row)
        known = self.identity_map.get(identity_key(mapper.class_, key))
        if known is None:
            return self._load(mapper, row)
        unloaded = inspect(known).unloaded
        for attribute, value in rows.values_of(mapper, row):
            if refresh or attribute in unloaded:
                set_committed_value(known, attribute, value)
        return known

    def _load(self, mapper: Mapper[Any], row: Row) -> Any:
        instance = mapper.class_manager.new_instance()
        for attribute, value in rows.values_of(mapper, row):
            set_committed_value(instance, attribute, value)
        make_transient_to_detached(instance)
        self.add(instance)
        return instance


class TwinSession(AsyncSession):
    """The session that handlers are given."""

    async def connection(self, *_args: Any, **_options: Any) -> Any:
        return SimpleNamespace(sync_connection=self.sync_session.connection())


def _entity_of(statement: Select[Any]) -> Mapper[Any]:
    entities = {description["entity"] for description in statement.column_descriptions}
    # what `get_final_froms` says costs a compilation
    joined = statement._setup_joins or statement._from_obj
    if len(entities) != 1 or None in entities or joined:
        raise TwinLimitError(
            f"a twin selects one entity, or columns of one, and not `{statement}`: load what it "
            "joins by keys, or test it on the real database"
        )
    return rows.mapper_of(entities.pop())


def _reader(description: Mapping[str, Any], mapper: Mapper[Any]) -> Callable[[Any], Any]:
    if description["expr"] is mapper.class_:
        return lambda instance: instance
    name: str = getattr(description["expr"], "key", "")
    if name not in mapper.column_attrs:
        raise TwinLimitError(f"a twin selects entities and columns, not `{description['expr']}`")
    return lambda instance: getattr(instance, name)


def _limits(statement: Select[Any]) -> slice:
    start = statement._offset_clause
    limit = statement._limit_clause
    first = 0 if start is None else int(start.effective_value)
    return slice(first, None if limit is None else first + int(limit.effective_value))


def _raise(error: BaseException, *_about: object) -> None:
    raise error


@event.listens_for(TwinSyncSession, "after_commit", insert=True)  # before callbacks of the chassis
def _commit(session: TwinSyncSession) -> None:
    session.store.commit()


@event.listens_for(TwinSyncSession, "after_transaction_create")
def _mark_savepoint(session: TwinSyncSession, transaction: SessionTransaction) -> None:
    if transaction.nested:
        session.info.setdefault(_SAVEPOINTS, {})[transaction] = session.store.savepoint


@event.listens_for(TwinSyncSession, "after_soft_rollback")
def _roll_back(session: TwinSyncSession, previous: SessionTransaction) -> None:
    if previous.nested:
        session.store.roll_back(to=session.info[_SAVEPOINTS].pop(previous))
    else:
        session.store.roll_back()
