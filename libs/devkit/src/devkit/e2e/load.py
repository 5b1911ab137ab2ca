"""Orders that are placed while something happens to the platform."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from devkit.concurrency import task_group
from devkit.e2e.step import Result, Surroundings

ORDERS_BEFORE = 5
"""So many come before something happens."""


async def while_orders_run(
    at: Surroundings, name: str, happen: Callable[[], Awaitable[None]]
) -> Result:
    """Place a portion of orders, let it happen in the middle of them, and look at the books.

    ``happen`` returns once everything is ready again.
    """
    count = portion(at)
    with at.stages.stage(name, total=count) as stage:
        async with task_group() as beside:
            placing = beside.create_task(at.shop.order(count, rate=at.rate, stage=stage))
            await asyncio.sleep(ORDERS_BEFORE / at.rate)  # orders are under way, then
            started = time.monotonic()
            await happen()
            ready_again = time.monotonic() - started
            await placing
        await at.shop.settle(stage)
    findings = await at.shop.findings(kills=1)
    figures = findings.as_json() | {"orders": count, "ready_again_s": round(ready_again, 1)}
    del figures["kills"]
    return Result(figures=figures, faults=findings.sentences)


def portion(at: Surroundings) -> int:
    """How many orders are placed while one thing happens."""
    return max(at.orders * 3 // 10, 1)


def together(results: dict[str, Result]) -> Result:
    """The results of several things that happened, one after the other."""
    return Result(
        figures={name: result.figures for name, result in results.items()},
        faults=tuple(f"{name}: {fault}" for name, one in results.items() for fault in one.faults),
    )
