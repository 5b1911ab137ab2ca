import asyncio

import pytest

from devkit.concurrency import for_each, together


async def test_results_come_in_the_order_of_the_items() -> None:
    async def slow_first(item: int) -> int:
        await asyncio.sleep(0.02 / item)
        return item * item

    assert await for_each([1, 2, 3, 4], slow_first, at_once=4) == [1, 4, 9, 16]


@pytest.mark.parametrize("at_once", [1, 3])
async def test_no_more_than_allowed_run_side_by_side(at_once: int) -> None:
    running, most = 0, 0

    async def watch(_: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    await for_each(range(10), watch, at_once=at_once)
    assert most == at_once


async def test_the_first_failure_cancels_the_rest_and_comes_out_as_it_is() -> None:
    cancelled = asyncio.Event()

    async def fail() -> None:
        raise LookupError("no such order")

    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with pytest.raises(LookupError, match="no such order"):
        await together(wait(), fail())
    assert cancelled.is_set()
