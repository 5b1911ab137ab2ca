"""A service that fails is left alone, and tried by one request before all others."""

from contextlib import suppress

import pytest

from api_gateway.calls.breaker import (
    BreakerPolicy,
    CircuitBreaker,
    CircuitState,
    NotAdmittedError,
    Verdict,
)

POLICY = BreakerPolicy(failures=3, calls=10, window_seconds=30, open_seconds=5)


class FailedError(Exception):
    pass


class IdleError(Exception):
    """Says nothing about the service."""


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def seen() -> list[CircuitState]:
    return []


@pytest.fixture
def breaker(time: Time, seen: list[CircuitState]) -> CircuitBreaker:
    def judge(error: BaseException) -> Verdict:
        return Verdict.FAILS if isinstance(error, FailedError) else Verdict.NOTHING

    return CircuitBreaker(POLICY, judge, clock=time, observe=seen.append)


def call(breaker: CircuitBreaker, *errors: type[Exception] | None) -> None:
    for error in errors:
        with suppress(FailedError, IdleError), breaker.admitted():
            if error is not None:
                raise error


def test_it_opens_at_enough_failures(breaker: CircuitBreaker, seen: list[CircuitState]):
    call(breaker, FailedError, FailedError)
    assert breaker.state is CircuitState.CLOSED

    call(breaker, FailedError)
    assert breaker.state is CircuitState.OPEN
    assert seen == [CircuitState.CLOSED, CircuitState.OPEN]
    with pytest.raises(NotAdmittedError):
        call(breaker, None)


def test_a_service_that_fails_half_of_the_time_is_left_alone(breaker: CircuitBreaker):
    call(breaker, None, FailedError, None, FailedError, None, FailedError)

    assert breaker.state is CircuitState.OPEN


def test_few_failures_among_many_calls_leave_it_closed(breaker: CircuitBreaker):
    call(breaker, *[None] * 7, FailedError, FailedError, FailedError)

    assert breaker.state is CircuitState.CLOSED


def test_old_failures_do_not_count(breaker: CircuitBreaker, time: Time):
    call(breaker, FailedError, FailedError)
    time.now += 31
    call(breaker, FailedError)

    assert breaker.state is CircuitState.CLOSED


def test_what_says_nothing_about_the_service_changes_nothing(breaker: CircuitBreaker):
    call(breaker, *[IdleError] * 20)

    assert breaker.state is CircuitState.CLOSED


def test_after_a_rest_one_call_tries_and_closes_it(breaker: CircuitBreaker, time: Time):
    call(breaker, *[FailedError] * 3)
    time.now += 5

    assert breaker.state is CircuitState.HALF_OPEN
    with breaker.admitted(), pytest.raises(NotAdmittedError):
        call(breaker, None)
    assert breaker.state is CircuitState.CLOSED
    call(breaker, FailedError, FailedError)
    assert breaker.state is CircuitState.CLOSED


def test_a_try_that_fails_opens_it_for_as_long_again(breaker: CircuitBreaker, time: Time):
    call(breaker, *[FailedError] * 3)
    time.now += 5
    call(breaker, FailedError)

    time.now += 4.9
    assert breaker.state is CircuitState.OPEN
    time.now += 0.1
    assert breaker.state is CircuitState.HALF_OPEN


def test_a_try_that_says_nothing_lets_another_one_try(breaker: CircuitBreaker, time: Time):
    call(breaker, *[FailedError] * 3)
    time.now += 5
    call(breaker, IdleError)

    call(breaker, None)
    assert breaker.state is CircuitState.CLOSED


def test_a_call_from_before_the_failure_does_not_prolong_it(breaker: CircuitBreaker, time: Time):
    with suppress(FailedError), breaker.admitted():
        call(breaker, *[FailedError] * 3)
        time.now += 4
        raise FailedError
    time.now += 1

    assert breaker.state is CircuitState.HALF_OPEN
