"""The environment that other systems are installed in: never the workspace's own."""

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import PIPE
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_PROGRAMS = Path(__file__).with_name("peers")
FASTSTREAM_OUTBOX = "0.19.0"
DBOS = "3.4.0"
_REQUIREMENTS = (
    f"faststream-outbox[asyncpg]=={FASTSTREAM_OUTBOX}",
    "faststream[nats]>=0.7.8,<0.8",
    f"dbos=={DBOS}",
    "asyncpg",
    "uvloop",
)


class PeerError(RuntimeError):
    """A peer could not be installed or run; the message holds what it said."""


@dataclass(frozen=True, slots=True)
class PeerEnvironment:
    """A virtual environment with the peers, at the versions that the comparison is about."""

    folder: Path

    @classmethod
    async def installed(cls, folder: Path) -> Self:
        """Create it in an absolute folder, or bring it up to date; raises PeerError."""
        environment = cls(folder)
        uv = _uv()
        await _output(
            uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder)
        )
        python = environment.argv("")[0]
        await _output(uv, "pip", "install", "--quiet", "--python", python, *_REQUIREMENTS)
        return environment

    def argv(self, program: str, *arguments: str) -> tuple[str, ...]:
        """The command line of one of the peers' programs."""
        return (str(self.folder / "bin" / "python"), str(_PROGRAMS / program), *arguments)

    async def run(self, program: str, *arguments: str) -> str:
        """Run a program to its end; returns its output. Raises PeerError."""
        return await _output(*self.argv(program, *arguments))


def _uv() -> str:
    # `uv run` says where it is: it need not be on the path
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        raise PeerError("uv is not found: run `make bench PEERS=1`, which fetches it")
    return uv


async def _output(*argv: str) -> str:
    process = await asyncio.create_subprocess_exec(*argv, stdout=PIPE, stderr=PIPE)
    try:
        output, errors = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        last = "\n".join(errors.decode(errors="replace").splitlines()[-15:])
        raise PeerError(f"{' '.join(argv[:3])} … ended with code {process.returncode}:\n{last}")
    return output.decode()
