"""Answers to what goes wrong before, around or without a route's own errors."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from chassis.http.problems import InvalidValue, problem_response, status_problem

_RETRY_SECONDS = 1
_HTTP_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
# SQLSTATE classes of what passes: connection lost, transaction rolled back by the server,
# out of resources, shutting down or starting up
_PASSING = ("08", "40", "53", "57P")


def install_failure_handlers(app: FastAPI) -> None:
    """Answer requests that are not valid, routes that do not exist, outages and bugs."""
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _http_error)
    for outage in (DBAPIError, PoolTimeoutError, ConnectionError, TimeoutError):
        app.add_exception_handler(outage, _database_error)
    app.add_exception_handler(Exception, _bug)


async def _not_valid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = error.errors()
    if any(one["type"] == "json_invalid" for one in errors):
        return problem_response(status_problem(400, "The body is not valid JSON"))
    invalid = tuple(_invalid_value(one["loc"], one["msg"]) for one in errors)
    return problem_response(status_problem(422, "The request is not valid", errors=invalid))


def _invalid_value(location: Sequence[Any], message: str) -> InvalidValue:
    where, *path = (str(part).replace("~", "~0").replace("/", "~1") for part in location)
    return InvalidValue(detail=message, location=where, pointer="/".join(("#", *path)))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods(request))
    return problem_response(status_problem(error.status_code, error.detail), headers=headers)


def _methods(request: Request) -> list[str]:
    """All that the path allows: the router itself tells of the first of its routes only."""
    routes = request.app.router.routes
    scopes = ({**request.scope, "method": method} for method in _HTTP_METHODS)
    return [
        scope["method"]
        for scope in scopes
        if any(route.matches(scope)[0] is Match.FULL for route in routes)
    ]


async def _database_error(_request: Request, error: Exception) -> Response:
    if isinstance(error, DBAPIError) and not _passes(error):
        raise error
    problem = status_problem(503, "The service cannot reach its database at the moment")
    return problem_response(problem, retry_after=_RETRY_SECONDS)


def _passes(error: DBAPIError) -> bool:
    sqlstate = getattr(error.orig, "sqlstate", None) or ""
    return error.connection_invalidated or sqlstate.startswith(_PASSING)


async def _bug(_request: Request, _error: Exception) -> Response:
    """Say nothing of what happened: the server logs the exception, which is raised on to it."""
    return problem_response(status_problem(500, "The service failed; its log says why"))
