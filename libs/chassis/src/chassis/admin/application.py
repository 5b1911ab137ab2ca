"""The admin API's application: every route asks for a token, its OpenAPI document too."""

from collections.abc import Mapping
from typing import Any, Final

import asyncpg
from fastapi import Depends, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from chassis.admin import audit, locks, messages, sagas
from chassis.admin.problems import NOT_THERE
from chassis.admin.served import Served
from chassis.admin.tokens import Role, Tokens, caller
from chassis.http.body_limit import MEBIBYTE, BodyLimitMiddleware
from chassis.http.dependencies import provide
from chassis.http.failures import install_failure_handlers
from chassis.http.openapi import document_problems
from chassis.http.problems import (
    declare_problems,
    problem_documentation,
    problem_response,
    status_problem,
)

_RETRY_SECONDS: Final = 1
_REFUSED: Final[dict[int | str, dict[str, Any]]] = {
    401: problem_documentation("No token that counts was sent"),
    403: problem_documentation("A reader's token does not act"),
}
# A database that is away, starting, stopping or overloaded, and a statement that took too long
_OUTAGES: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.UndefinedTableError,
)


def create_admin_app(name: str, served: Served, tokens: Mapping[Role, str]) -> FastAPI:
    """The application for one service.

    Raises SettingsError for a token that is no use.
    """
    app = FastAPI(
        title=f"{name}: admin", version="1", openapi_url=None, docs_url=None, redoc_url=None
    )
    app.state.tokens = Tokens(tokens)
    app.add_middleware(BodyLimitMiddleware, limit=MEBIBYTE)
    install_failure_handlers(app)
    for outage in _OUTAGES:
        app.add_exception_handler(outage, _database_error)
    declare_problems(app, NOT_THERE)
    document_problems(app)
    provide(app, served)
    routers = (sagas.router, messages.outbox, messages.dead_letters, locks.router, audit.router)
    for router in routers:
        app.include_router(router, dependencies=[Depends(caller)], responses=_REFUSED)

    @app.get("/openapi.json", include_in_schema=False, dependencies=[Depends(caller)])
    async def openapi() -> dict[str, Any]:
        return app.openapi()

    return app


async def _database_error(_request: Request, error: Exception) -> Response:
    schema = isinstance(error, asyncpg.UndefinedTableError)
    detail = (
        "The database's schema is older than this service: run `chassis migrate`"
        if schema
        else "The database cannot be used at the moment, or gave the statement up"
    )
    return problem_response(status_problem(503, detail), retry_after=_RETRY_SECONDS)
