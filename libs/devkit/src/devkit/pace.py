"""When the next order may be placed, and when all are decided."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from devkit.clients import Clients
from devkit.models import IN_FLIGHT

_MOST_IN_FLIGHT = 64
_LOOK_SECONDS = 0.2

Turn = Callable[[], Awaitable[object]]


def pace(clients: Clients, rate: float | None) -> Turn:
    """What to wait for before each order: the beat of ``rate`` a second, or else the sagas."""
    return _Beat(rate).turn if rate is not None else _Backlog(clients).turn


async def in_flight(clients: Clients, *, at_most: int = _MOST_IN_FLIGHT) -> int:
    """How many orders wait for their saga, counting up to ``at_most``."""
    counts = [await clients.orders.count(state, at_most=at_most) for state in sorted(IN_FLIGHT)]
    return sum(counts)


async def all_decided(clients: Clients, *, within: float, observe: Callable[[int], None]) -> bool:
    """Wait until no order is in flight; False where that does not come about in time."""
    give_up = time.monotonic() + within
    while True:
        waiting = await in_flight(clients)
        observe(waiting)
        if not waiting or time.monotonic() > give_up:
            return not waiting
        await asyncio.sleep(_LOOK_SECONDS)


class _Beat:
    def __init__(self, rate: float) -> None:
        self._interval = 1 / rate
        self._due = time.monotonic()

    async def turn(self) -> None:
        self._due += self._interval
        await asyncio.sleep(self._due - time.monotonic())


class _Backlog:
    """Lets orders through while the sagas keep up: a backlog would show in their latency."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._look = asyncio.Lock()
        self._next_look = time.monotonic()

    async def turn(self) -> None:
        async with self._look:
            while time.monotonic() >= self._next_look:
                if await in_flight(self._clients) < _MOST_IN_FLIGHT:
                    self._next_look = time.monotonic() + _LOOK_SECONDS
                else:
                    await asyncio.sleep(_LOOK_SECONDS)
