"""The supervisor, with small stand-ins for services."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from devkit.embedded.server import has_ended
from devkit.eventually import eventually
from devkit.keeper import ProgramFailedError, Supervised
from devkit.processes import Supervisor
from devkit.program import Program

SUPERVISE_ONE_AND_DIE_BADLY = """
    import asyncio, os, signal, sys
    from pathlib import Path
    from devkit.keeper import ProgramFailedError, Supervised
    from devkit.processes import Supervisor
    from devkit.program import Program

    async def ready(): return True

    async def main():
        program = Program(name="sleeper", argv=("/bin/sleep", "60"), env={}, cwd=Path("/"),
                          log=Path(sys.argv[1]))
        supervisor = Supervisor(print)
        await supervisor.start(Supervised(program=program, is_ready=ready))
        print(supervisor.pids["sleeper"], flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(main())
"""


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
async def supervisor(lines: list[str]) -> AsyncIterator[Supervisor]:
    async with Supervisor(lines.append) as supervisor:
        yield supervisor


def stand_in(tmp_path: Path, script: str, *, name: str = "stand-in") -> Supervised:
    """A shell script that is ready once it has written ``ready`` to its log."""
    log = tmp_path / f"{name}.log"
    program = Program(name=name, argv=("/bin/sh", "-c", script), env={}, log=log, cwd=tmp_path)

    async def is_ready() -> bool:
        return log.exists() and "ready" in log.read_text()

    return Supervised(program=program, is_ready=is_ready)


async def test_a_process_that_is_killed_is_started_again_and_reported(
    supervisor: Supervisor, lines: list[str], tmp_path: Path
) -> None:
    await supervisor.start(stand_in(tmp_path, "echo ready; sleep 60"))
    first = supervisor.pids["stand-in"]

    supervisor.kill("stand-in")

    await eventually(lambda: supervisor.restarts("stand-in") == 1)
    assert supervisor.pids["stand-in"] != first
    assert lines == ["stand-in was ended by SIGKILL, starting it again in 0.05 s"]


async def test_a_process_that_keeps_dying_is_started_less_and_less_often(
    supervisor: Supervisor, lines: list[str], tmp_path: Path
) -> None:
    await supervisor.start(stand_in(tmp_path, "echo ready; sleep 0.1; exit 3"))
    await eventually(lambda: len(lines) == 3)
    assert lines == [
        f"stand-in ended with code 3, starting it again in {delay} s" for delay in (0.05, 0.1, 0.2)
    ]


async def test_a_process_that_fails_at_its_first_start_is_an_error_with_its_last_words(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    with pytest.raises(ProgramFailedError, match=r"ended with code 4(.|\n)*port is taken"):
        await supervisor.start(stand_in(tmp_path, "echo port is taken; exit 4"))


async def test_groups_stop_in_the_reverse_order_of_their_start(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    script = "trap 'echo {0} >> ended; exit' TERM; echo ready; while :; do sleep 0.01; done"
    await supervisor.start(stand_in(tmp_path, script.format("broker"), name="broker"))
    await supervisor.start(stand_in(tmp_path, script.format("service"), name="service"))

    await supervisor.stop()

    assert (tmp_path / "ended").read_text().split() == ["service", "broker"]


async def test_a_process_that_ignores_the_request_to_stop_is_killed(
    supervisor: Supervisor, lines: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devkit.keeper._STOP_SECONDS", 0.2)
    await supervisor.start(
        stand_in(tmp_path, "trap '' TERM; echo ready; while :; do sleep 0.01; done")
    )
    process = psutil.Process(supervisor.pids["stand-in"])

    await supervisor.stop()

    assert has_ended(process)
    assert lines == ["stand-in did not stop within 0.2 s, killing it"]


async def test_no_process_outlives_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    finished = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", textwrap.dedent(SUPERVISE_ONE_AND_DIE_BADLY), tmp_path / "log"],
        env=os.environ,
        capture_output=True,
        check=False,
    )
    assert finished.returncode == -signal.SIGKILL
    child = int(finished.stdout)
    await eventually(lambda: not psutil.pid_exists(child) or has_ended(psutil.Process(child)))
