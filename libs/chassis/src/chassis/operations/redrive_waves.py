"""Redriving in waves that grow: the next one goes when the last one was handled."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from chassis.operations.audit import Operator
from chassis.operations.letters import LetterFilter
from chassis.operations.limits import limited
from chassis.operations.redriving import (
    Fate,
    Portion,
    Redriven,
    fates,
    newest_letter,
    redrive,
)

_FIRST_WAVES: Final = (1, 2, 5, 20, 100)
_LOOK_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast: `at_once` bounds a wave, `rate` the letters a second, `total` all of them.

    It stops once more than `max_errors` letters have failed again, and where a wave is not handled
    within `patience` seconds.
    """

    at_once: int = 100
    total: int | None = None
    rate: float | None = None
    max_errors: int = 0
    patience: float = 300.0


@dataclass(slots=True, kw_only=True)
class Wave:
    """Letters that went together, and what has become of them so far."""

    size: int
    handled: int = 0
    failed: int = 0


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far a redrive is. `stopped` says why it went no further than it did; `unhandled` is
    whether that is because letters wait and nobody handles them.
    """

    waves: list[Wave] = field(default_factory=list)
    stopped: str | None = None
    unhandled: bool = False

    @property
    def redriven(self) -> int:
        return sum(wave.size for wave in self.waves)

    @property
    def handled(self) -> int:
        return sum(wave.handled for wave in self.waves)

    @property
    def failed(self) -> int:
        return sum(wave.failed for wave in self.waves)


def wave_sizes(pace: Pace) -> Iterator[int]:
    """1, 2, 5, 20, 100, …: up to what may go at once, until the total is reached."""
    left = pace.total
    for size in itertools.chain(_FIRST_WAVES, itertools.repeat(pace.at_once)):
        wave = min(size, pace.at_once) if left is None else min(size, pace.at_once, left)
        if wave == 0:
            return
        left = None if left is None else left - wave
        yield wave


class Redrive:
    """Redrives the letters that are dead when it begins.

    Each wave is a transaction or, where a rate is given, several. Ending it ends nothing that is
    under way, and another run goes on with the letters that are left.
    """

    def __init__(
        self,
        connection: asyncpg.Connection,
        wanted: LetterFilter,
        pace: Pace,
        operator: Operator,
        tell: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._connection = connection
        self._wanted = wanted
        self._pace = pace
        self._operator = operator
        self._tell = tell
        self._left_out: set[str] = set()
        self._progress = Progress()

    async def run(self) -> Progress:
        """Until none is left, or something stops it; `tell` hears of every look in between."""
        newest = await newest_letter(self._connection)
        for size in wave_sizes(self._pace):
            parts = await self._send(newest, size)
            if not parts:
                break
            self._progress.waves.append(Wave(size=sum(len(part.letters) for part in parts)))
            await self._see_through(parts)
            if self._progress.stopped is not None:
                break
        return self._progress

    async def _send(self, newest: int, size: int) -> list[Redriven]:
        rate = self._pace.rate
        at_a_time = size if rate is None else max(1, min(size, int(rate)))
        parts: list[Redriven] = []
        while size > 0:
            portion = Portion(newest=newest, left_out=frozenset(self._left_out))
            async with self._connection.transaction():
                await limited(self._connection)
                part = await redrive(
                    self._connection,
                    self._wanted,
                    portion,
                    min(size, at_a_time),
                    self._operator,
                )
            if part is None:
                break
            parts.append(part)
            size -= len(part.letters)
            if rate is not None:
                await asyncio.sleep(len(part.letters) / rate)
        return parts

    async def _see_through(self, parts: Sequence[Redriven]) -> None:
        deadline = time.monotonic() + self._pace.patience
        while True:
            found = [one for part in parts for one in await fates(self._connection, part)]
            waiting = self._note(found)
            self._tell(self._progress)
            if waiting and time.monotonic() >= deadline and self._progress.stopped is None:
                self._progress.unhandled = True
                self._progress.stopped = (
                    f"{waiting} of this wave still wait to be handled: their consumer does not "
                    "run, nobody handles their type, or something of their key is ahead of them"
                )
            if not waiting or self._progress.stopped is not None:
                return
            await asyncio.sleep(_LOOK_SECONDS)

    def _note(self, found: Sequence[Mapping[str, Any]]) -> int:
        """Take note of what has become of the wave so far; says how many of it wait."""
        failed = [one for one in found if one["fate"].failed]
        wave = self._progress.waves[-1]
        wave.failed = len(failed)
        wave.handled = sum(one["fate"] is Fate.HANDLED for one in found)
        self._left_out |= {f"{one['consumer']} {one['key']}" for one in failed}
        if self._progress.failed > self._pace.max_errors:
            self._progress.stopped = (
                f"{self._progress.failed} failed again, the first with: {failed[0]['error']}"
                if failed
                else f"{self._progress.failed} failed again"
            )
        return wave.size - wave.handled - wave.failed
