"""Running kubectl and helm, which know how to reach the cluster."""

import asyncio
import shutil
from asyncio.subprocess import DEVNULL, PIPE

_WHERE = {
    "kubectl": "https://kubernetes.io/docs/tasks/tools",
    "helm": "https://helm.sh/docs/intro/install",
}
_SHOWN = 2000


class MissingCommandError(RuntimeError):
    """A command line tool is not installed."""


class CommandFailedError(RuntimeError):
    """A command ended with an error, or not in time; the message holds what it said."""


def require(*names: str) -> None:
    """Raises MissingCommandError, which says where to get what is missing."""
    for name in names:
        if shutil.which(name) is None:
            raise MissingCommandError(f"{name} is not on the PATH: install it from {_WHERE[name]}")


async def run(*argv: str, stdin: str | None = None, within: float = 120) -> str:
    """What the command writes to its standard output. Raises CommandFailedError."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=DEVNULL if stdin is None else PIPE,
        stdout=PIPE,
        stderr=PIPE,
        start_new_session=True,  # Ctrl-C reaches us alone, and we end it
    )
    told = f"`{' '.join(argv)}`"
    try:
        async with asyncio.timeout(within):
            out, err = await process.communicate(None if stdin is None else stdin.encode())
    except TimeoutError as late:
        raise CommandFailedError(f"{told} took longer than {within:g} s") from late
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise CommandFailedError(f"{told}: {_without_notes((err or out).decode())[-_SHOWN:]}")
    return out.decode()


def _without_notes(text: str) -> str:
    """Without helm's remark on every link that it follows."""
    return "\n".join(line for line in text.splitlines() if "symbolic link" not in line)
