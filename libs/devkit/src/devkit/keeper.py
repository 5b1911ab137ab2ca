"""One child process that is kept running."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import psutil

from chassis.tasks import end
from devkit.embedded.server import descendants
from devkit.program import Program

_READY_SECONDS = 120.0
_STOP_SECONDS = 20.0
_FIRST_DELAY = 0.05
_LONGEST_DELAY = 2.0
_SETTLED_SECONDS = 5.0

Probe = Callable[[], Awaitable[bool]]
Report = Callable[[str], None]


class ProgramFailedError(RuntimeError):
    """A program ended with an error or never became ready; the message holds its last output."""

    def __init__(self, program: Program, reason: str) -> None:
        super().__init__(
            f"{program.name} {reason}; the end of {program.log}:\n{program.last_output()}"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Supervised:
    """A program that is to be kept running, and how to tell that it is ready."""

    program: Program
    is_ready: Probe


class Keeper:
    """Looks after one process: starts it again when it dies, sooner at first than later on."""

    def __init__(self, supervised: Supervised, report: Report) -> None:
        self._program = supervised.program
        self._is_ready = supervised.is_ready
        self._report = report
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self.restarts = 0

    @property
    def name(self) -> str:
        return self._program.name

    @property
    def pid(self) -> int:
        return self._running().pid

    async def start(self) -> None:
        """Start and wait until it is ready; raises ProgramFailedError."""
        process = self._process = await self._program.spawn_async()
        give_up = time.monotonic() + _READY_SECONDS
        while not await self._is_ready():
            if process.returncode is not None:
                raise ProgramFailedError(self._program, f"ended with code {process.returncode}")
            if time.monotonic() > give_up:
                raise ProgramFailedError(
                    self._program, f"was not ready within {_READY_SECONDS:g} s"
                )
            await asyncio.sleep(0.02)
        self._watch = asyncio.create_task(self._keep_running(), name=f"keep {self.name} running")

    def kill(self) -> bool:
        """SIGKILL, as when the machine goes away: to whatever the process has started, too.

        False where it is not running just now.
        """
        process = self._running()
        if process.returncode is not None:
            return False
        started = descendants(process.pid)
        process.kill()
        for one in started:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        return True

    async def stop(self) -> None:
        """Ask for a clean end and wait for it; by force where it takes too long."""
        if self._watch is not None:
            await end(self._watch)
        if self._process is not None:
            await self._end(self._process)

    async def _keep_running(self) -> None:
        delay = _FIRST_DELAY
        started = time.monotonic()
        while True:
            code = await self._running().wait()
            if time.monotonic() - started > _SETTLED_SECONDS:
                delay = _FIRST_DELAY
            self._report(f"{self.name} {_how_it_ended(code)}, starting it again in {delay:g} s")
            await asyncio.sleep(delay)
            self._process = await self._program.spawn_async()
            started = time.monotonic()
            delay = min(2 * delay, _LONGEST_DELAY)
            if await self._becomes_ready(self._process):
                self.restarts += 1

    async def _becomes_ready(self, process: asyncio.subprocess.Process) -> bool:
        """Whether it lived until it was ready."""
        while process.returncode is None:
            if await self._is_ready():
                return True
            await asyncio.sleep(0.05)
        return False

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is None:
            process.send_signal(self._program.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            self._report(f"{self.name} did not stop within {_STOP_SECONDS:g} s, killing it")
            process.kill()
            await process.wait()

    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError(f"{self.name} has not been started")
        return self._process


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"
