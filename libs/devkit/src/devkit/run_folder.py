"""The folder of one run: data, logs, secrets, and the ports that it was given."""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from devkit.interruption import InterruptedByUserError
from devkit.ports import free_port


class RunFolderError(RuntimeError):
    """The folder cannot be used, for instance because another run holds it."""


class RunFolder:
    """Owned by one run at a time; a later run in the same folder goes on with its data."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._begin_logs()
        # others may pass through: PostgreSQL, under its own account, has a folder below
        self.path.chmod(0o711)
        self._ports_file = self.path / "ports.json"
        self._ports: dict[str, int] = {}
        if self._ports_file.exists():
            self._ports = json.loads(self._ports_file.read_text())

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def _begin_logs(self) -> None:
        """Logs of the run before are kept aside, so that what fails now is told apart."""
        if self.logs.exists():
            before = self.path / "logs.before"
            shutil.rmtree(before, ignore_errors=True)
            self.logs.rename(before)
        self.logs.mkdir(parents=True)

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def port(self, name: str) -> int:
        """A free port; the one that ``name`` had last time where that is free."""
        taken = set(self._ports.values()) - {self._ports.get(name)}
        port = free_port(self._ports.get(name))
        while port in taken:
            port = free_port()
        self._ports[name] = port
        self._ports_file.write_text(json.dumps(self._ports, indent=2))
        return port

    def secret(self, name: str, value: str) -> Path:
        """Put a secret into a file that only this user reads."""
        folder = self.path / "secrets"
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(value)
        return path

    def kept_secret(self, name: str, make: Callable[[], str]) -> str:
        """A secret that was made once, by the first run in this folder."""
        try:
            return read_secret(self.path, name)
        except FileNotFoundError:
            return self.secret(name, make()).read_text()


def read_secret(run_dir: Path, name: str) -> str:
    """A secret of the run in this folder, which may be going on; raises FileNotFoundError."""
    return (run_dir / "secrets" / name).read_text()


@contextmanager
def lasting_run_folder(path: Path) -> Iterator[RunFolder]:
    """The run folder at ``path``, locked; raises RunFolderError where another run has it."""
    with _lock_file(path) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunFolderError(
                f"another run (pid {_holder(path)}) uses {path}: stop it, or set RUN_DIR to another"
                " folder to run both"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield RunFolder(path)


@contextmanager
def passing_run_folder(report: Callable[[str], None]) -> Iterator[RunFolder]:
    """A run folder that is removed at the end; after an error the logs are kept, and told where."""
    with tempfile.TemporaryDirectory(prefix="longship-") as name:
        folder = RunFolder(Path(name))
        try:
            yield folder
        except InterruptedByUserError:
            raise
        except Exception:
            kept = tempfile.mkdtemp(prefix="longship-logs-")
            shutil.copytree(folder.logs, kept, dirs_exist_ok=True)
            report(f"the logs are kept in {kept}")
            raise


def _lock_file(folder: Path) -> TextIO:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / "lock").open("a+")
    except OSError as error:
        raise RunFolderError(
            f"{folder} cannot be used: {error.strerror}; set RUN_DIR to a folder of your own"
        ) from error


def _holder(path: Path) -> str:
    return (path / "lock").read_text() or "unknown"
