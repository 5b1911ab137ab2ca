"""Time and ids of a run of twins: nothing passes by itself, and a run repeats to the last id."""

import itertools
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from unittest.mock import patch
from uuid import UUID

import structlog

from chassis import ids
from chassis.testing.twins.limits import TwinLimitError

try:
    import time_machine
except ImportError as error:
    raise ImportError("twins stop the clock: install longship-chassis[testing]") from error

START = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)


class Clock:
    """What every `datetime.now` of the process says while twins run."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller
        self.now = START

    def move_to(self, at: datetime) -> None:
        """Go on to a later time; raises TwinLimitError for an earlier one."""
        if at < self.now:
            raise TwinLimitError(f"time goes forward only: it is {self.now} and not yet {at}")
        self.now = at
        self._traveller.move_to(at, tick=False)


@contextmanager
def virtual_time() -> Iterator[Clock]:
    """Stop all clocks of the process, number `new_id`'s ids, seed `random`, keep the log quiet."""
    numbers = itertools.count(1)
    with ExitStack() as afterwards:
        clock = Clock(afterwards.enter_context(time_machine.travel(START, tick=False)))
        numbered = patch.object(ids, "uuid7", lambda: _numbered_id(clock.now, next(numbers)))
        afterwards.enter_context(numbered)
        afterwards.callback(random.setstate, random.getstate())
        random.seed(0)
        afterwards.callback(structlog.configure, **structlog.get_config())
        structlog.configure(processors=[_drop])
        yield clock


def _numbered_id(now: datetime, number: int) -> UUID:
    milliseconds = int(now.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62 | number)


def _drop(_logger: object, _method: str, _event: structlog.typing.EventDict) -> str:
    raise structlog.DropEvent
