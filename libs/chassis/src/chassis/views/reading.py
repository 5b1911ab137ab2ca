"""Reading a view in a request.

HistoryTransaction = Annotated[AsyncSession, transaction_on(ORDER_HISTORY)]

@router.get("/orders", responses=documented(VIEW_NOT_READY))
async def list_orders(session: HistoryTransaction) -> list[OrderAnswer]: ...
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.http.dependencies import provided
from chassis.http.problems import ProblemType
from chassis.persistence.database import Database
from chassis.views.generations import ViewNotReadyError, live_generation
from chassis.views.view import VIEW_SCHEMA, View

VIEW_NOT_READY: Final = ProblemType(
    error=ViewNotReadyError,
    status=503,
    name="view-not-ready",
    title="What is asked for is still being built",
    retry_after=2,
)


def transaction_on(view: View) -> Any:
    """What a route writes into `Annotated[AsyncSession, …]` to read a view.

    Raises ViewNotReadyError, which is answered as VIEW_NOT_READY.
    """

    async def dependency(
        database: Annotated[Database, provided(Database)],
    ) -> AsyncIterator[AsyncSession]:
        async with reading(database, view) as session:
            yield session

    return Depends(dependency, scope="function")


@asynccontextmanager
async def reading(database: Database, view: View) -> AsyncIterator[AsyncSession]:
    """A read-only transaction on the live generation, of which all statements see one state.

    The generation is chosen once, at the beginning; one that is replaced meanwhile stays until the
    transaction has ended. Raises ViewNotReadyError.
    """
    async with database.sessions.begin() as session:
        connection = await session.connection(
            execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )
        generation = await live_generation(session, view)
        await connection.execution_options(schema_translate_map={VIEW_SCHEMA: generation.schema})
        yield session
