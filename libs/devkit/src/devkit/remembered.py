"""What the history tells of a run's orders, read through the gateway."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from devkit.gateway import GatewayClient
from devkit.history import HistoryOrder
from devkit.models import IN_FLIGHT

_LOOK_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Remembered:
    """All orders, newest first."""

    orders: tuple[HistoryOrder, ...]

    @property
    def by_state(self) -> Counter[str]:
        return Counter(order.state for order in self.orders)

    def has_settled(self, orders: int) -> bool:
        """All of so many orders are there, and none of them is in flight."""
        return len(self.orders) == orders and not self.by_state.keys() & IN_FLIGHT

    def as_json(self) -> dict[str, Any]:
        return {"orders": len(self.orders), "by_state": dict(sorted(self.by_state.items()))}


async def read_history(gateway: GatewayClient, *, orders: int, within: float) -> Remembered:
    """The history when it has settled, or as it is after ``within`` seconds."""
    give_up = time.monotonic() + within
    while True:
        history = Remembered(orders=tuple([order async for order in gateway.orders()]))
        if history.has_settled(orders) or time.monotonic() > give_up:
            return history
        await asyncio.sleep(_LOOK_SECONDS)
