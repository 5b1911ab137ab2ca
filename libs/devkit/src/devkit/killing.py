"""Killing processes at random moments."""

import asyncio
import random
from collections.abc import Callable
from functools import partial

from devkit.eventually import eventually
from devkit.processes import Supervisor


def victims(names: list[str], *, kills: int, chance: random.Random) -> list[str]:
    """Whom to kill, one after the other: all once before anyone twice."""
    chosen: list[str] = []
    while len(chosen) < kills:
        chosen += chance.sample(names, k=len(names))
    return chosen[:kills]


async def kill_at_random(
    names: list[str],
    supervisor: Supervisor,
    *,
    kills: int,
    seconds: float,
    chance: random.Random,
    advance: Callable[[], None],
) -> None:
    """SIGKILL ``kills`` times, at moments spread over ``seconds``."""
    moments = sorted(chance.uniform(0, seconds) for _ in range(kills))
    now = 0.0
    for moment, name in zip(moments, victims(names, kills=kills, chance=chance), strict=True):
        await asyncio.sleep(moment - now)
        now = moment
        # it may have just died, and be about to be started again
        await eventually(partial(supervisor.kill, name))
        advance()
