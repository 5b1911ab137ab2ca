"""Contracts as they were committed in some revision."""

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chassis.messaging.gate import Platform, ServiceContracts
from chassis.messaging.released import read_contracts
from devkit.gate.http import (
    Document,
    HttpContracts,
    Operation,
    http_contracts_in,
    of_services,
)


class UnknownRevisionError(Exception):
    """There is no such revision, or no repository; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contracts:
    """Those of all services, about messages and about HTTP."""

    messages: Platform
    http: HttpContracts


def contracts_in(services: Path) -> Contracts:
    """The contracts of every service below a folder."""
    folders = sorted(services.glob("*/contracts"))
    messages = {folder.parent.name: read_contracts(folder) for folder in folders}
    return Contracts(messages=messages, http=http_contracts_in(services))


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

    def deployed(self, versions: Mapping[str, str]) -> Contracts:
        """The contracts of services in their versions: commits, or tags with or without `v`."""
        messages: dict[str, ServiceContracts] = {}
        documents: dict[str, Document] = {}
        needs: dict[str, Mapping[str, Sequence[Operation]]] = {}
        for version in dict.fromkeys(versions.values()):
            running = {service for service, one in versions.items() if one == version}
            with self.services(self.revision_of(*_tags(version))) as services:
                found = contracts_in(services)
            if unknown := running - found.messages.keys():
                raise UnknownRevisionError(
                    f"{version} has no contracts of {', '.join(sorted(unknown))}"
                )
            http = of_services(found.http, running)
            messages |= {service: found.messages[service] for service in running}
            documents |= http.documents
            needs |= http.needs
        return Contracts(messages=messages, http=HttpContracts(documents=documents, needs=needs))

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
