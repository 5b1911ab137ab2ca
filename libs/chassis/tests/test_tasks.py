"""Tasks end when they are to, whatever becomes of a cancellation."""

import asyncio

from chassis.tasks import end


async def forever() -> None:
    await asyncio.Event().wait()


async def loses_a_cancellation() -> None:
    try:
        await forever()
    except asyncio.CancelledError:
        await forever()


async def fails() -> None:
    raise ValueError("on its own account")


async def begun(*tasks: asyncio.Task[None]) -> None:
    await asyncio.sleep(0)
    assert len(tasks) == 2


async def test_a_task_that_loses_its_cancellation_is_cancelled_again() -> None:
    tasks = asyncio.create_task(forever()), asyncio.create_task(loses_a_cancellation())
    await begun(*tasks)

    async with asyncio.timeout(60):
        await end(*tasks, again=0.01)

    assert all(task.cancelled() for task in tasks)


async def test_what_tasks_raised_before_is_told() -> None:
    tasks = asyncio.create_task(fails()), asyncio.create_task(forever())
    await begun(*tasks)

    failure, cancellation = await end(*tasks)

    assert isinstance(failure, ValueError)
    assert isinstance(cancellation, asyncio.CancelledError)
