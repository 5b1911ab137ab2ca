"""The twin of a service's database."""

from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import async_sessionmaker

from chassis.persistence.database import Database
from chassis.testing.twins import rows
from chassis.testing.twins.limits import TwinLimitError
from chassis.testing.twins.session import StatementTwin, TwinSession, TwinSyncSession
from chassis.testing.twins.statements import CHASSIS
from chassis.testing.twins.store import Store

E = TypeVar("E")


class TwinDatabase(Database):
    """Sessions on tables in memory; `statements` are the twins of a service's own statements."""

    def __init__(self, name: str, statements: Mapping[str, StatementTwin] | None = None) -> None:
        self.store = Store(name)
        self.statements = {**CHASSIS, **(statements or {})}
        self.sessions = async_sessionmaker(
            class_=TwinSession,
            sync_session_class=TwinSyncSession,
            expire_on_commit=False,
            store=self.store,
            statements=self.statements,
        )

    def all(self, entity: type[E]) -> list[E]:
        """Every row of an entity as it is committed; changing them changes nothing."""
        mapper = rows.mapper_of(entity)
        found = []
        for row in self.store.rows(rows.table_of(mapper).name):
            instance = mapper.class_manager.new_instance()
            for attribute, value in rows.values_of(mapper, row):
                setattr(instance, attribute, value)
            found.append(instance)
        return found

    async def connect_driver(self) -> Any:
        raise TwinLimitError("a twin database has no connections: test leases on the real one")

    async def close(self) -> None:
        """Nothing to close."""
