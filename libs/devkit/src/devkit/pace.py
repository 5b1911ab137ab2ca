"""When the next order may be placed, when all are decided, and when all have ended."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial

from devkit.clients import Clients
from devkit.models import IN_SAGA, UNDER_WAY, OrderState, ShipmentState

_MOST_IN_FLIGHT = 64
_PAGE = 1000
_LOOK_SECONDS = 0.2

Turn = Callable[[], Awaitable[object]]


def pace(clients: Clients, rate: float | None) -> Turn:
    """What to wait for before each order: the beat of ``rate`` a second, or else the sagas."""
    return _Beat(rate).turn if rate is not None else _Backlog(clients).turn


async def in_saga(clients: Clients, *, at_most: int = _MOST_IN_FLIGHT) -> int:
    """How many orders wait for their saga, counting up to ``at_most``."""
    counts = [await clients.orders.count(state, at_most=at_most) for state in sorted(IN_SAGA)]
    return sum(counts)


async def in_flight(clients: Clients) -> int:
    """How many orders wait for a saga or for their shipment, or for what a failed one gives back.

    Counts up to a limit, and is 0 only when nothing moves any more.
    """
    most = _MOST_IN_FLIGHT
    waiting = await in_saga(clients)
    if waiting or clients.shipping is None:
        return waiting
    waiting = await clients.orders.count(OrderState.APPROVED, at_most=most)
    if waiting:
        return waiting
    under_way = sum(
        [await clients.shipping.count(state, at_most=most) for state in sorted(UNDER_WAY)]
    )
    # a cancelled order that shipping-service has not even heard of will have its shipment too
    cancelled = await clients.orders.count(OrderState.CANCELLED, at_most=_PAGE)
    withheld = await clients.shipping.count(ShipmentState.WITHHELD, at_most=_PAGE)
    unheard = max(cancelled - withheld - under_way, 0)
    return under_way + unheard + len(await clients.orders.open_flows(at_most=most))


async def all_decided(clients: Clients, *, within: float, observe: Callable[[int], None]) -> bool:
    """Wait until no order waits for its saga; False where that does not come about in time."""
    return await _none_of(partial(in_saga, clients), within, observe)


async def all_ended(clients: Clients, *, within: float, observe: Callable[[int], None]) -> bool:
    """Wait until no order is in flight; False where that does not come about in time."""
    return await _none_of(partial(in_flight, clients), within, observe)


async def _none_of(
    count: Callable[[], Awaitable[int]], within: float, observe: Callable[[int], None]
) -> bool:
    give_up = time.monotonic() + within
    while True:
        waiting = await count()
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
                if await in_saga(self._clients) < _MOST_IN_FLIGHT:
                    self._next_look = time.monotonic() + _LOOK_SECONDS
                else:
                    await asyncio.sleep(_LOOK_SECONDS)
