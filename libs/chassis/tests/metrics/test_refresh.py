"""Scrapes do not set the pace of what fills the gauges, and never wait long for it."""

import asyncio

import pytest

from chassis.metrics.refresh import Refresh
from devkit.eventually import eventually


class Part:
    def __init__(self) -> None:
        self.calls = 0
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def __call__(self) -> None:
        self.calls += 1
        await self.go_on.wait()


async def test_however_often_it_is_called_the_parts_are_called_once_in_a_period() -> None:
    part = Part()
    refresh = Refresh(part, every=60)

    await asyncio.gather(*(refresh() for _ in range(20)))
    await refresh()

    assert part.calls == 1


async def test_after_the_period_they_are_called_again() -> None:
    part = Part()
    refresh = Refresh(part, every=0)

    await refresh()
    await refresh()

    assert part.calls == 2


async def test_a_slow_part_is_left_to_end_by_itself_and_is_not_called_meanwhile() -> None:
    part = Part()
    part.go_on.clear()
    refresh = Refresh(part, every=0, patience=0.01)

    await refresh()
    await refresh()
    assert part.calls == 1

    part.go_on.set()
    await eventually(lambda: _called_again(refresh, part))
    await refresh.close()


async def _called_again(refresh: Refresh, part: Part) -> bool:
    await refresh()
    return part.calls > 1


async def test_a_part_that_fails_is_logged_and_keeps_no_other_from_its_work(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def failing() -> None:
        raise ConnectionError("gone")

    part = Part()
    await Refresh(failing, part)()

    assert part.calls == 1
    assert "gone" in caplog.text
