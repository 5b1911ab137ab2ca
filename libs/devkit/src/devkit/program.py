"""What is needed to run one child process, and the one way to run it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from devkit.accounts import Account

_LEASH = Path(__file__).with_name("leash.py")


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A command line with its surroundings.

    ``argv[0]`` is an absolute path and ``env`` the complete environment. ``stop_signal`` asks for a
    clean end; ``orphan_signal`` is what the kernel sends when the parent dies (Linux only). The
    process leads a session of its own, so that Ctrl-C reaches the parent alone.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    log: Path
    cwd: Path
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start it; output is appended to ``log``.

        The orphan signal follows the *thread* that calls this: use one that lasts.
        """
        with self.log.open("ab") as output:
            return subprocess.Popen(self._leashed(), **self._surroundings(output))

    async def spawn_async(self) -> asyncio.subprocess.Process:
        """Like ``spawn``, for a process that the event loop looks after."""
        with self.log.open("ab") as output:
            return await asyncio.create_subprocess_exec(
                *self._leashed(), **self._surroundings(output)
            )

    def last_output(self, lines: int = 15) -> str:
        """The end of the log, for messages about a process that failed."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _surroundings(self, output: BinaryIO) -> dict[str, Any]:
        return {
            "env": dict(self.env),
            "cwd": self.cwd,
            "stdin": subprocess.DEVNULL,
            "stdout": output,
            "stderr": subprocess.STDOUT,
            "start_new_session": True,
        }

    def _leashed(self) -> list[str]:
        account = f"{self.account.uid}:{self.account.gid}" if self.account else "-"
        leash = [sys.executable, "-I", "-S", str(_LEASH)]
        return [*leash, str(os.getpid()), str(int(self.orphan_signal)), account, *self.argv]
