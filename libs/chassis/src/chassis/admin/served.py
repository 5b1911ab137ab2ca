"""What the admin API is given by its service."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

import asyncpg
from fastapi import Depends

from chassis.http.dependencies import provided
from chassis.operations.carrying_out import SagaInterventions
from chassis.operations.limits import limited
from chassis.persistence.database import Database
from chassis.sagas.definition import SagaDefinition
from chassis.sagas.orchestrator import SagaOrchestrator


@dataclass(frozen=True, slots=True)
class Served:
    """The service's database and sagas; the sequences may grow while it is composed."""

    database: Database
    orchestrators: Sequence[SagaOrchestrator]
    interventions: Sequence[SagaInterventions]

    @property
    def definitions(self) -> list[SagaDefinition]:
        loaded = [orchestrator.definitions for orchestrator in self.orchestrators]
        return [
            one.of(saga_type, version)
            for one in loaded
            for saga_type, version in zip(one.types, one.versions, strict=True)
        ]

    def ring(self) -> None:
        """Actions were entered: carry them out now."""
        for one in self.interventions:
            one.bell.ring()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[asyncpg.Connection]:
        """A transaction on a connection outside the pool, which may be exhausted just when an
        operator is needed.
        """
        connection = await self.database.connect_driver()
        try:
            async with connection.transaction():
                await limited(connection)
                yield connection
        finally:
            await connection.close()


Service = Annotated[Served, provided(Served)]


async def _transaction(served: Service) -> AsyncIterator[asyncpg.Connection]:
    async with served.transaction() as connection:
        yield connection


# function scope: nobody reads an answer before what it says is committed
Transaction = Annotated[asyncpg.Connection, Depends(_transaction, scope="function")]
"""The request's one transaction: committed when the route returns, rolled back when it raises."""
