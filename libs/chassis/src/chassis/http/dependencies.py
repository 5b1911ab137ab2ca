"""What routes are given, typed: collaborators of the composition root, and a transaction."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from chassis.persistence.database import Database


def provide(app: FastAPI, *collaborators: object) -> None:
    """Make these available to the routes of the application, each by its type."""
    for collaborator in collaborators:
        _collaborators(app)[type(collaborator)] = collaborator


def provided(kind: type[object]) -> Any:
    """What a route writes into `Annotated[<kind>, …]` to be given a collaborator of that kind.

    A request to a route whose collaborator was not provided raises LookupError.
    """

    async def dependency(request: Request) -> object:  # FastAPI runs a plain one in a thread
        try:
            return _collaborators(request.app)[kind]
        except KeyError:
            raise LookupError(
                f"no {kind.__qualname__}: call `provide(app, …)` where the service is composed"
            ) from None

    return Depends(dependency)


async def _transaction(
    database: Annotated[Database, provided(Database)],
) -> AsyncIterator[AsyncSession]:
    async with database.sessions.begin() as session:
        yield session


# function scope: a client never reads an answer before the transaction behind it is committed
Transaction = Annotated[AsyncSession, Depends(_transaction, scope="function")]
"""The request's one transaction: committed when the route returns, rolled back when it raises."""


def _collaborators(app: FastAPI) -> dict[type[object], object]:
    if not hasattr(app.state, "collaborators"):
        app.state.collaborators = {}
    collaborators: dict[type[object], object] = app.state.collaborators
    return collaborators
