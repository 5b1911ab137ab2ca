"""Contracts as they were committed in some revision."""

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from chassis.messaging.gate import Platform, ServiceContracts
from chassis.messaging.released import read_contracts


class UnknownRevisionError(Exception):
    """There is no such revision, or no repository; the message says what to do."""


def contracts_in(services: Path) -> Platform:
    """The contracts of every service below a folder."""
    return {
        folder.parent.name: read_contracts(folder)
        for folder in sorted(services.glob("*/contracts"))
    }


class Repository:
    """The repository of a working tree."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def fork_point(self, branch: str) -> str:
        """Where the working tree's history left a branch, which is that branch's end on it."""
        return self._git("merge-base", "HEAD", self.revision_of(branch)).decode().strip()

    def revision_of(self, *names: str) -> str:
        """The commit that the first known one of these names means."""
        for name in names:
            found = self._run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
            if found.returncode == 0:
                return found.stdout.decode().strip()
        raise UnknownRevisionError(
            f"{self._root} has no revision {' or '.join(names)}: fetch it, with its history"
        )

    @contextmanager
    def services(self, revision: str) -> Iterator[Path]:
        """The folder `services` as it was, for a while."""
        archive = self._git("archive", "--format=tar", revision, "--", "services")
        with tempfile.TemporaryDirectory() as folder:
            with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
                wanted = (one for one in tar if "/contracts/" in one.name)
                tar.extractall(folder, members=wanted, filter="data")
            yield Path(folder) / "services"

    def deployed(self, versions: Mapping[str, str]) -> Platform:
        """The contracts of services in their versions: commits, or tags with or without `v`."""
        found: dict[str, ServiceContracts] = {}
        for version in dict.fromkeys(versions.values()):
            with self.services(self.revision_of(*_tags(version))) as services:
                of_version = contracts_in(services)
            found |= {
                service: of_version[service]
                for service, deployed in versions.items()
                if deployed == version and service in of_version
            }
        return found

    def _git(self, *arguments: str) -> bytes:
        finished = self._run(*arguments)
        if finished.returncode != 0:
            raise UnknownRevisionError(
                f"git {' '.join(arguments)}: {finished.stderr.decode().strip()}"
            )
        return finished.stdout

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["git", "-C", str(self._root), *arguments], capture_output=True, check=False
        )


def _tags(version: str) -> Iterable[str]:
    return (f"refs/tags/{version}", f"refs/tags/v{version}", version)
