"""Problems: errors as `application/problem+json` (RFC 9457).

A service declares what its domain errors mean in HTTP, once, and documents each route with the
declarations that can occur there::

    ORDER_NOT_FOUND = ProblemType(
        error=OrderNotFoundError, status=404, name="order-not-found", title="No such order"
    )
    declare_problems(app, ORDER_NOT_FOUND)

    @router.get("/orders/{order_id}", responses=documented(ORDER_NOT_FOUND))
"""

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from chassis.http.part_state import PartState

MEDIA_TYPE = "application/problem+json"


class InvalidValue(BaseModel):
    """One value of a request that is not acceptable."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    detail: str
    location: Annotated[str, Field(alias="in", examples=["body", "query", "path", "header"])]
    pointer: Annotated[str, Field(description="JSON pointer", examples=["#/lines/0/quantity"])]


class Problem(BaseModel):
    """An error as RFC 9457 writes it; `errors` and `checks` are this platform's extensions."""

    model_config = ConfigDict(frozen=True)

    type: Annotated[str, Field(description="Names the kind of problem; never changes")]
    title: Annotated[str, Field(description="The kind of problem in words")]
    status: int
    detail: Annotated[str | None, Field(description="This occurrence, and what to do next")] = None
    errors: Annotated[
        tuple[InvalidValue, ...] | None, Field(description="Values that are not acceptable")
    ] = None
    checks: Annotated[
        dict[str, PartState] | None, Field(description="What works and what does not")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemType:
    """How one kind of error is answered.

    The error's message becomes the problem's detail, so it is written for the client. `retry_after`
    (seconds) is for problems that pass by themselves.
    """

    error: type[Exception]
    status: int
    name: str
    title: str
    retry_after: int | None = None

    @property
    def uri(self) -> str:
        return f"urn:longship:problem:{self.name}"

    def to_response(self, error: Exception) -> Response:
        problem = Problem(
            type=self.uri, title=self.title, status=self.status, detail=str(error) or None
        )
        return problem_response(problem, retry_after=self.retry_after)


def status_problem(status: int, detail: str | None = None, **extensions: Any) -> Problem:
    """A problem that says no more than its HTTP status."""
    return Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        **extensions,
    )


def problem_response(
    problem: Problem, *, retry_after: int | None = None, headers: dict[str, str] | None = None
) -> Response:
    retry = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Response(
        problem.model_dump_json(by_alias=True, exclude_none=True),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={**(headers or {}), **retry},
    )


def declare_problems(app: FastAPI, *types: ProblemType) -> None:
    """Answer these errors, wherever a route raises them, as the problems that they are."""
    for problem_type in types:
        _declare(app, problem_type)


def declared_problem(app: FastAPI, error: Exception) -> ProblemType | None:
    """The declaration that an error is answered by, if there is one."""
    declared: dict[type[Exception], ProblemType] = getattr(app.state, "problem_types", {})
    return declared.get(type(error))


def _declare(app: FastAPI, problem_type: ProblemType) -> None:
    async def handler(_request: Request, error: Exception) -> Response:
        return problem_type.to_response(error)

    app.add_exception_handler(problem_type.error, handler)
    app.state.problem_types = {
        **getattr(app.state, "problem_types", {}),
        problem_type.error: problem_type,
    }


def documented(*types: ProblemType) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route on which these problems can occur."""
    return {
        status: problem_documentation(
            "; ".join(one.title for one in types if one.status == status),
            retry=any(one.retry_after for one in types if one.status == status),
        )
        for status in _statuses(types)
    }


def problem_documentation(description: str, *, retry: bool = False) -> dict[str, Any]:
    """An OpenAPI response object for a problem."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    headers = {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}}
    documentation: dict[str, Any] = {"description": description, "content": content}
    return documentation | ({"headers": headers} if retry else {})


def _statuses(types: Iterable[ProblemType]) -> list[int]:
    return sorted({one.status for one in types})
