"""One service as the gateway calls it: within time, within bounds, and not at all when it fails."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

import httpx
import structlog
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from api_gateway.calls.breaker import (
    BreakerPolicy,
    CircuitBreaker,
    CircuitState,
    NotAdmittedError,
    Verdict,
)
from api_gateway.calls.call import Call, RawAnswer, Reply
from api_gateway.calls.failures import (
    CallFailedError,
    CallTimedOutError,
    CircuitOpenError,
    OverloadedError,
    RefusedError,
    ServiceUnavailableError,
    UnreadableAnswerError,
)
from api_gateway.calls.kept_answers import KeptAnswers
from api_gateway.calls.metrics import ANSWERED, REFUSED, CallMetrics
from api_gateway.calls.reading import read_within, understood
from chassis.http.deadline import Deadline

T = TypeVar("T")

log = structlog.get_logger(__name__)

_ATTEMPTS: Final = 3
_FIRST_WAIT: Final = 0.05
_LONGEST_WAIT: Final = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePolicy:
    """How much a service is asked for, and when it counts as failing.

    A call that ran out of time says something about the service only if it had `patience_seconds`:
    a client that gives no time must not close a service for all others.
    """

    connections: int = 50
    queue_seconds: float = 0.2
    connect_seconds: float = 1.0
    max_answer_bytes: int = 2 * 1024 * 1024
    patience_seconds: float = 1.0
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)


class ServiceClient:
    """Calls of one service; in use as a context manager it holds its connections.

    `connections` bounds the requests under way: whoever finds none free waits for `queue_seconds`,
    so that a slow service does not take the whole gateway with it.
    """

    def __init__(self, service: str, base_url: str, policy: ServicePolicy) -> None:
        self.service = service
        self._policy = policy
        self._metrics = CallMetrics(service)
        self._kept = KeptAnswers()
        self.breaker = CircuitBreaker(policy.breaker, _verdict, observe=self._metrics.circuit)
        self._http = httpx.AsyncClient(
            base_url=base_url,
            trust_env=False,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            limits=httpx.Limits(
                max_connections=policy.connections, max_keepalive_connections=policy.connections
            ),
            # the deadline bounds the whole; these two say earlier what is wrong
            timeout=httpx.Timeout(None, connect=policy.connect_seconds, pool=policy.queue_seconds),
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def check(self) -> None:
        """For health: raises CircuitOpenError while the service is not asked."""
        if self.breaker.state is not CircuitState.CLOSED:
            raise CircuitOpenError(self.service)

    async def call(self, call: Call[T], deadline: Deadline) -> Reply[T]:
        """The service's answer; raises CallFailedError, or RefusedError with its problem.

        What fails in passing is tried again, if that does no harm and time is left.
        """
        began = time.perf_counter()
        try:
            attempts = self._attempts(call, deadline)
            reply: Reply[T] = await attempts(self._attempt, call, deadline)
        except CallFailedError as failure:
            self._metrics.ended(failure.reason, time.perf_counter() - began)
            log.warning(
                "call failed", service=self.service, reason=failure.reason, detail=failure.detail
            )
            raise
        except RefusedError:
            self._metrics.ended(REFUSED, time.perf_counter() - began)
            raise
        self._metrics.ended(ANSWERED, time.perf_counter() - began)
        return reply

    def _attempts(self, call: Call[T], deadline: Deadline) -> AsyncRetrying:
        return AsyncRetrying(
            retry=retry_if_exception(lambda error: call.may_be_repeated and _passes(error)),
            stop=stop_after_attempt(_ATTEMPTS) | stop_before_delay(max(0, deadline.remaining)),
            wait=wait_random_exponential(multiplier=_FIRST_WAIT, max=_LONGEST_WAIT),
            before_sleep=self._repeating,
            reraise=True,
        )

    def _repeating(self, _: RetryCallState) -> None:
        self._metrics.repeated()

    async def _attempt(self, call: Call[T], deadline: Deadline) -> Reply[T]:
        try:
            with self.breaker.admitted(), self._patience(deadline):
                return understood(call, await self._answer(call, deadline), self.service)
        except NotAdmittedError:
            raise CircuitOpenError(self.service) from None

    @contextmanager
    def _patience(self, deadline: Deadline) -> Iterator[None]:
        had_enough = deadline.remaining >= self._policy.patience_seconds
        try:
            yield
        except CallTimedOutError as error:
            error.tells = had_enough
            raise

    async def _answer(self, call: Call[T], deadline: Deadline) -> RawAnswer:
        request = self._request(call, deadline)
        url = str(request.url)
        if call.kept:
            request.headers.update(self._kept.condition(url))
        had = deadline.remaining
        try:
            async with asyncio.timeout(max(0, had)):
                answer = await self._exchange(request)
        except TimeoutError:
            raise CallTimedOutError(self.service, f"nothing within {had:.3f} s") from None
        except httpx.PoolTimeout:
            raise OverloadedError(self.service) from None
        except (httpx.TransportError, httpx.StreamError) as error:
            raise ServiceUnavailableError(self.service, repr(error), passes=True) from error
        return self._kept.settle(url, answer) if call.kept else answer

    async def _exchange(self, request: httpx.Request) -> RawAnswer:
        response = await self._http.send(request, stream=True)
        try:
            return await read_within(response, self._policy.max_answer_bytes, self.service)
        finally:
            await response.aclose()

    def _request(self, call: Call[T], deadline: Deadline) -> httpx.Request:
        headers = {**call.headers, **deadline.header()}
        content = None
        if call.body is not None:
            content = call.body.model_dump_json()
            headers["Content-Type"] = "application/json"
        params = {name: value for name, value in call.params.items() if value is not None}
        return self._http.build_request(
            call.method, call.path, params=params, content=content, headers=headers
        )


def _passes(error: BaseException) -> bool:
    return isinstance(error, ServiceUnavailableError) and error.passes


def _verdict(error: BaseException) -> Verdict:
    if isinstance(error, RefusedError):
        return Verdict.WORKS
    if isinstance(error, CallTimedOutError):
        return Verdict.FAILS if error.tells else Verdict.NOTHING
    if isinstance(error, ServiceUnavailableError | UnreadableAnswerError):
        return Verdict.FAILS
    return Verdict.NOTHING
