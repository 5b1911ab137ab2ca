"""A limit on how often, per key, over a sliding window."""

import math
import time
from dataclasses import dataclass
from typing import Self

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.types import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one key stands with its limit."""

    policy: str
    quota: int
    window: int
    remaining: int
    reset: int
    exceeded: bool

    def headers(self) -> dict[str, str]:
        """Of the IETF's draft `RateLimit header fields for HTTP`."""
        headers = {
            "RateLimit-Policy": f'"{self.policy}";q={self.quota};w={self.window}',
            "RateLimit": f'"{self.policy}";r={self.remaining};t={self.reset}',
        }
        return headers | ({"Retry-After": str(max(1, self.reset))} if self.exceeded else {})

    def note(self, scope: Scope) -> Self:
        """Let the answer to this request say it."""
        scope.setdefault("state", {})["rate_limit"] = self
        return self


class Allowance:
    """`rate` such as `600/minute`."""

    def __init__(self, policy: str, rate: str) -> None:
        self._policy = policy
        self._item: RateLimitItem = parse(rate)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def spend(self, key: str) -> Standing:
        """Count one request."""
        allowed = await self._limiter.hit(self._item, key)
        stats = await self._limiter.get_window_stats(self._item, key)
        return Standing(
            policy=self._policy,
            quota=self._item.amount,
            window=self._item.get_expiry(),
            remaining=max(0, stats.remaining) if allowed else 0,
            reset=max(0, math.ceil(stats.reset_time - time.time())),
            exceeded=not allowed,
        )
