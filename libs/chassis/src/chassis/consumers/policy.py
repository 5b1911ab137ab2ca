"""How often a failing message is tried, and what happens then."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """`immediate` further tries at once, then one after each of `delays`, then a dead letter.

    A message of a type that nobody handles yet waits `unknown_type_delay` between looks and uses
    up no attempt, so that a rolling deployment loses nothing.
    """

    immediate: int = 2
    delays: tuple[timedelta, ...] = (
        timedelta(seconds=1),
        timedelta(seconds=5),
        timedelta(seconds=30),
        timedelta(minutes=2),
        timedelta(minutes=10),
    )
    unknown_type_delay: timedelta = timedelta(seconds=15)

    def delay_after(self, attempts: int) -> timedelta | None:
        """The wait after that many delayed rounds have failed, or None when it is given up."""
        return self.delays[attempts - 1] if attempts <= len(self.delays) else None
