import asyncio

import pytest

from devkit.eventually import eventually


async def test_returns_the_first_true_value() -> None:
    answers = iter([None, 0, "here"])
    assert await eventually(lambda: next(answers)) == "here"


async def test_waits_for_an_asynchronous_probe_that_stops_to_complain() -> None:
    calls = 0

    async def probe() -> str:
        nonlocal calls
        calls += 1
        assert calls == 3
        return "done"

    assert await eventually(probe) == "done"


async def test_ends_with_the_last_complaint() -> None:
    def probe() -> bool:
        raise AssertionError("two rows are left")

    with pytest.raises(AssertionError, match=r"not within 0\.05 s: two rows are left"):
        await eventually(probe, within=0.05)


async def test_ends_though_the_probe_itself_hangs() -> None:
    with pytest.raises(AssertionError, match="did not answer"):
        await eventually(lambda: asyncio.sleep(60), within=0.05)


async def test_a_broken_probe_fails_at_once() -> None:
    with pytest.raises(ZeroDivisionError):
        await eventually(lambda: 1 // 0)
