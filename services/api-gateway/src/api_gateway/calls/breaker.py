"""A circuit breaker: a service that fails is left alone for a while, and then tried by one request.

Own code, because the kept asyncio libraries count failures in a row only, which a service that
fails half of the time never reaches, and let any number of requests try at once.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum


class CircuitState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Verdict(StrEnum):
    """What the end of a call says about the service."""

    WORKS = "works"
    FAILS = "fails"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """Opens when at least `failures` of the last `calls` have failed, and half of them.

    What is older than `window_seconds` does not count. It stays open for `open_seconds`.
    """

    failures: int = 5
    calls: int = 20
    window_seconds: float = 30.0
    open_seconds: float = 5.0


class NotAdmittedError(Exception):
    """The circuit is open, or the one request that tries the service is under way."""


class CircuitBreaker:
    """Of one service, in one process. `judge` reads a call's exception; none means WORKS."""

    def __init__(
        self,
        policy: BreakerPolicy,
        judge: Callable[[BaseException], Verdict],
        *,
        clock: Callable[[], float] = time.monotonic,
        observe: Callable[[CircuitState], None] = lambda _: None,
    ) -> None:
        self._policy = policy
        self._judge = judge
        self._clock = clock
        self._observe = observe
        self._recent: deque[tuple[float, bool]] = deque(maxlen=policy.calls)
        self._opened_at: float | None = None
        self._is_tried = False
        observe(CircuitState.CLOSED)

    @property
    def state(self) -> CircuitState:
        if self._opened_at is None:
            return CircuitState.CLOSED
        rests = self._clock() < self._opened_at + self._policy.open_seconds
        return CircuitState.OPEN if rests else CircuitState.HALF_OPEN

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Let a call through and learn from its end; raises NotAdmittedError."""
        tries = self._admit()
        verdict = Verdict.WORKS
        try:
            yield
        except BaseException as error:
            verdict = self._judge(error)
            raise
        finally:
            self._tried(verdict) if tries else self._noted(verdict)

    def _admit(self) -> bool:
        """Whether the call that comes now is the one that tries."""
        state = self.state
        if state is CircuitState.OPEN or (state is CircuitState.HALF_OPEN and self._is_tried):
            raise NotAdmittedError
        self._is_tried = state is CircuitState.HALF_OPEN
        if self._is_tried:
            self._observe(state)
        return self._is_tried

    def _tried(self, verdict: Verdict) -> None:
        self._is_tried = False
        if verdict is Verdict.WORKS:
            self._opened_at = None
            self._recent.clear()
            self._observe(CircuitState.CLOSED)
        elif verdict is Verdict.FAILS:
            self._open()

    def _noted(self, verdict: Verdict) -> None:
        # a call that began before the circuit opened tells nothing about what comes after
        if verdict is Verdict.NOTHING or self._opened_at is not None:
            return
        now = self._clock()
        self._recent.append((now, verdict is Verdict.FAILS))
        while self._recent[0][0] < now - self._policy.window_seconds:
            self._recent.popleft()
        failed = sum(fails for _, fails in self._recent)
        if failed >= self._policy.failures and 2 * failed >= len(self._recent):
            self._open()

    def _open(self) -> None:
        self._opened_at = self._clock()
        self._observe(CircuitState.OPEN)
