"""A supervisor of child processes."""

import asyncio
from typing import Self

from devkit.concurrency import together
from devkit.keeper import Keeper, Report, Supervised


class Supervisor:
    """Keeps processes running: whoever dies is started again, sooner at first than later on.

    ``report`` gets one line for everything that happens to a process. Processes that are started
    together are also stopped together; groups are stopped in the reverse order of their start.
    Use as an asynchronous context manager: no process is left behind it.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._groups: list[list[Keeper]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, *group: Supervised) -> None:
        """Start a group side by side and wait until all are ready; raises ProgramFailedError."""
        keepers = [Keeper(member, self._report) for member in group]
        self._groups.append(keepers)
        await together(*(keeper.start() for keeper in keepers))

    async def stop(self) -> None:
        """Stop everything: politely at first, by force where that takes too long."""
        while self._groups:
            group = self._groups.pop()
            await asyncio.gather(*(keeper.stop() for keeper in group))

    def kill(self, name: str) -> bool:
        """SIGKILL to one process, which is then started again like any that dies.

        False where it is not running just now.
        """
        return self._keeper(name).kill()

    def restarts(self, name: str) -> int:
        """How often the process was started again and became ready."""
        return self._keeper(name).restarts

    @property
    def pids(self) -> dict[str, int]:
        """The process id of each program, as of now."""
        return {keeper.name: keeper.pid for group in self._groups for keeper in group}

    def _keeper(self, name: str) -> Keeper:
        for group in self._groups:
            for keeper in group:
                if keeper.name == name:
                    return keeper
        raise KeyError(f"no process is called {name!r}: there are {', '.join(self.pids)}")
