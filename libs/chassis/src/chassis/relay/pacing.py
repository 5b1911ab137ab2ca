"""When to look into the outbox next."""

from collections.abc import Callable
from typing import Final

SHORTEST_SECONDS: Final = 0.005
LONGEST_SECONDS: Final = 1.0
GROWTH: Final = 1.5
TRUSTING_SECONDS: Final = 12.0
DISTRUST_SECONDS: Final = 60.0


class Pacing:
    """The interval between two polls of an empty outbox.

    Without pokes it grows from 5 ms to a second while nothing is found. Once pokes have proven
    themselves a poll is only their safety net. Rows that a poll finds unannounced say that a poke
    was lost: polling is then trusted more than pokes for a minute.
    """

    def __init__(self, on_lost_poke: Callable[[], None] = lambda: None) -> None:
        self._tell_lost_poke = on_lost_poke
        self._interval = SHORTEST_SECONDS
        self._poke_seen = False
        self._poked = False
        self._unannounced = False
        self._distrust_until = 0.0

    def poke(self) -> None:
        """A poke has arrived."""
        self._poke_seen = True
        self._poked = True

    def take_poke(self) -> bool:
        """Whether a poke has arrived since the last call: it announces what is found next."""
        poked, self._poked = self._poked, False
        return poked

    def found(self, rows: int, *, announced: bool) -> None:
        """A look into the outbox found so many rows; `announced` by a poke or not."""
        if rows:
            self._interval = SHORTEST_SECONDS
        else:
            self._interval = min(self._interval * GROWTH, LONGEST_SECONDS)
        self._unannounced = rows > 0 and not announced

    def seconds_to_next_poll(self, now: float) -> float:
        """How long to rest; 0 if there has been a poke since the last look."""
        if self._poked:
            return 0.0
        if self._unannounced and self._trusts(now):  # the poke had the time of a publish to arrive
            self._tell_lost_poke()
            self._distrust_until = now + DISTRUST_SECONDS
        self._unannounced = False
        return TRUSTING_SECONDS if self._trusts(now) else self._interval

    def _trusts(self, now: float) -> bool:
        return self._poke_seen and now >= self._distrust_until
