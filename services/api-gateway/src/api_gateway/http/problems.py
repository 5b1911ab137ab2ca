"""What failing services, keys and rights mean in HTTP."""

from typing import Any
from uuid import UUID

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api_gateway.access import KeysUnavailableError
from api_gateway.calls.failures import (
    CallTimedOutError,
    CircuitOpenError,
    OverloadedError,
    RefusedError,
    ServiceUnavailableError,
    UnreadableAnswerError,
)
from chassis.http import ProblemType, declare_problems, documented
from chassis.http.consistency import TOKEN_DOCUMENTED
from chassis.http.problems import problem_documentation, problem_response


class OrderNotFoundError(Exception):
    """No order has this id, as far as this caller may know."""

    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"There is no order {order_id}")


class CustomerNotFoundError(Exception):
    """Nobody has this number, as far as this caller may know."""

    def __init__(self, customer_id: str) -> None:
        super().__init__(f"There is no customer '{customer_id}'")


class AnothersOrderError(Exception):
    """An order for somebody else."""


# What is not the caller's and what is not there are answered alike: as the services answer
ORDER_NOT_FOUND = ProblemType(
    error=OrderNotFoundError, status=404, name="order-not-found", title="No such order"
)
CUSTOMER_NOT_FOUND = ProblemType(
    error=CustomerNotFoundError, status=404, name="customer-not-found", title="No such customer"
)
ANOTHERS_ORDER = ProblemType(
    error=AnothersOrderError, status=403, name="anothers-order", title="An order for somebody else"
)
SERVICE_PROBLEMS = (
    ProblemType(
        error=CallTimedOutError,
        status=504,
        name="service-timeout",
        title="A service did not answer in time",
    ),
    ProblemType(
        error=ServiceUnavailableError,
        status=503,
        name="service-unavailable",
        title="A service is not available",
        retry_after=1,
    ),
    ProblemType(
        error=CircuitOpenError,
        status=503,
        name="circuit-open",
        title="A service is left alone because it keeps failing",
        retry_after=5,
    ),
    ProblemType(
        error=OverloadedError,
        status=503,
        name="service-overloaded",
        title="A service has too many requests already",
        retry_after=1,
    ),
    ProblemType(
        error=UnreadableAnswerError,
        status=502,
        name="service-unreadable",
        title="A service gave an answer that cannot be understood",
    ),
)
KEYS_UNAVAILABLE = ProblemType(
    error=KeysUnavailableError,
    status=503,
    name="keys-unavailable",
    title="Tokens cannot be checked",
    retry_after=5,
)
PROBLEMS = (
    ORDER_NOT_FOUND,
    CUSTOMER_NOT_FOUND,
    ANOTHERS_ORDER,
    KEYS_UNAVAILABLE,
    *SERVICE_PROBLEMS,
)

_RATE_LIMITED = problem_documentation("Asked too often", retry=True)
_UNAUTHORIZED = problem_documentation("No token, or none that is accepted")
_UNAUTHORIZED["headers"] = {
    "WWW-Authenticate": {"description": "What is wrong with it", "schema": {"type": "string"}}
}

EVERYWHERE: dict[int | str, dict[str, Any]] = {
    401: _UNAUTHORIZED,
    403: problem_documentation("The token does not allow this"),
    429: _RATE_LIMITED,
    **documented(*SERVICE_PROBLEMS, KEYS_UNAVAILABLE),
}
"""What can come of any request to the API."""


def refusals(**meanings: str) -> dict[int | str, dict[str, Any]]:
    """The services' own problems that a route passes on: `refusals(_404="No such order")`."""
    return {
        int(status.removeprefix("_")): problem_documentation(meaning)
        for status, meaning in meanings.items()
    }


def registered(description: str, model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """The answers of a route that registers or corrects something."""
    return {
        200: {"headers": TOKEN_DOCUMENTED},
        201: {"description": description, "model": model, "headers": TOKEN_DOCUMENTED},
    }


def not_yet() -> dict[int | str, dict[str, Any]]:
    """The answer of a read that cannot include the client's own write yet."""
    return {202: problem_documentation("The write is not in the history yet", retry=True)}


def install_problems(app: FastAPI) -> None:
    declare_problems(app, *PROBLEMS)
    app.add_exception_handler(RefusedError, _passed_on)


async def _passed_on(_: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return problem_response(error.problem, retry_after=error.retry_after)
