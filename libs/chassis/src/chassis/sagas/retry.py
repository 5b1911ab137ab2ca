"""How steps that may not fail are tried again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

Random = Callable[[], float]
"""Gives a number from 0 to 1, another one each time."""


def no_jitter() -> float:
    """The source that leaves every wait as it is declared."""
    return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How a step that may not fail is tried again, before its saga needs attention.

    `first` is the wait after the first attempt; it is multiplied by `factor` each time, up to
    `longest`. `attempts` counts the first one too; the default tries for about a quarter hour. Each
    wait is longer by a random share of it, up to `jitter`, so that what failed together is not
    tried again together.
    """

    first: timedelta = timedelta(seconds=1)
    factor: float = 2.0
    longest: timedelta = timedelta(minutes=1)
    attempts: int = 20
    jitter: float = 0.2

    def delay(self, attempt: int, random: Random = no_jitter) -> timedelta:
        """The wait after that many attempts; nothing before the first."""
        if attempt == 0:
            return timedelta()
        wait = min(self.first * self.factor ** (attempt - 1), self.longest)
        return wait * (1 + self.jitter * random())
