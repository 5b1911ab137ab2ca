"""What is left alone for a while after a failure, longer with every failure in a row."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class _Hold:
    failures: int
    until: float


class Holds:
    """Names (of streams, of keys) with their failures in a row and the end of their pause.

    Pauses start at `first` seconds and double up to `longest`. A name that has been free for a
    minute without a verdict is forgotten.
    """

    _FORGOTTEN_AFTER_SECONDS = 60.0

    def __init__(
        self, *, first: float, longest: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._first = first
        self._longest = longest
        self._clock = clock
        self._holds: dict[str, _Hold] = {}

    def __bool__(self) -> bool:
        return bool(self._holds)

    def fail(self, name: str) -> int:
        """Hold the name and return how often it has failed in a row."""
        before = self._holds.get(name)
        failures = before.failures + 1 if before else 1
        pause = min(self._first * 2 ** (failures - 1), self._longest)
        self._holds[name] = _Hold(failures=failures, until=self._clock() + pause)
        return failures

    def clear(self, name: str) -> bool:
        """Forget the name's failures; True if it had any."""
        return self._holds.pop(name, None) is not None

    def names(self) -> list[str]:
        """The names that are held now."""
        now = self._clock()
        forgotten = now - self._FORGOTTEN_AFTER_SECONDS
        self._holds = {name: hold for name, hold in self._holds.items() if hold.until > forgotten}
        return [name for name, hold in self._holds.items() if hold.until > now]

    def seconds_to_next_release(self) -> float | None:
        """When the next held name becomes free; None if none is held."""
        now = self._clock()
        return min(
            (hold.until - now for hold in self._holds.values() if hold.until > now), default=None
        )
