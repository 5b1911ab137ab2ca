import asyncio
import os
import signal

import pytest

from devkit.interruption import InterruptedByUserError, run_until_interrupted


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_work_after_it_has_cleaned_up(number: signal.Signals) -> None:
    cleaned_up = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.sleep(60)
        finally:
            cleaned_up.append(True)

    with pytest.raises(InterruptedByUserError):
        run_until_interrupted(work())
    assert cleaned_up == [True]


def test_the_result_of_work_that_is_not_interrupted_comes_back() -> None:
    async def work() -> str:
        return "done"

    assert run_until_interrupted(work()) == "done"
