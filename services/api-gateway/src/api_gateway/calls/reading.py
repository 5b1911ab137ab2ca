"""Making sense of what a service answers, without trusting it."""

from typing import Final, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from api_gateway.calls.call import Call, RawAnswer, Reply
from api_gateway.calls.failures import (
    CallTimedOutError,
    RefusedError,
    ServiceUnavailableError,
    UnreadableAnswerError,
)

T = TypeVar("T")

_FOR_THE_CLIENT: Final = frozenset({400, 404, 409, 413, 422})
_ACCEPTED: Final = 202
_TIME_IS_UP: Final = 504
_PASSING: Final = frozenset({502, 503})


async def read_within(response: httpx.Response, limit: int, service: str) -> RawAnswer:
    """The answer, whose body may have `limit` bytes and is not decompressed: nobody asked for that.

    Raises UnreadableAnswerError.
    """
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > limit:
            raise UnreadableAnswerError(service, f"more than {limit} bytes")
    return RawAnswer(status=response.status_code, headers=response.headers, content=bytes(content))


def understood(call: Call[T], answer: RawAnswer, service: str) -> Reply[T]:
    """Raises what the answer means where it is no success."""
    if httpx.codes.is_server_error(answer.status):
        raise _failure(answer, service)
    if answer.status in _FOR_THE_CLIENT or (answer.status == _ACCEPTED and answer.is_problem):
        raise _refusal(answer, service)
    if not httpx.codes.is_success(answer.status):
        raise UnreadableAnswerError(service, f"status {answer.status}")
    body = _parsed(call.answer, answer, service)
    return Reply(status=answer.status, body=body, headers=answer.passed_back)


def _failure(answer: RawAnswer, service: str) -> Exception:
    if answer.status == _TIME_IS_UP:
        return CallTimedOutError(service, "status 504")
    # a service that says when to come back is not asked sooner
    passes = answer.status in _PASSING and answer.retry_after is None
    return ServiceUnavailableError(service, f"status {answer.status}", passes=passes)


def _refusal(answer: RawAnswer, service: str) -> Exception:
    try:
        problem = answer.problem()
    except ValidationError as error:
        return UnreadableAnswerError(service, f"status {answer.status}: {_first(error)}")
    if problem.status != answer.status:
        return UnreadableAnswerError(service, f"status {answer.status} with a {problem.status}")
    return RefusedError(service, problem, answer.retry_after)


def _parsed(adapter: TypeAdapter[T], answer: RawAnswer, service: str) -> T:
    try:
        return adapter.validate_json(answer.content)
    except ValidationError as error:
        raise UnreadableAnswerError(service, _first(error)) from error


def _first(error: ValidationError) -> str:
    """Where and what, without the value, which may be anybody's."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"[:200]
